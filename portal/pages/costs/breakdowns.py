"""The tables of one team or the organisation: projects (T1), people (T2), images (T3), GPU types (T4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from audit.costs import figures
from audit.costs.types import REST, By, Line, Sums
from portal.edges.cost_names import CostNames
from portal.pages.costs.frame import Frame
from portal.pages.costs.tables import Column, Table, Value, table
from portal.pages.costs.tables import Line as TableLine
from portal.pages.costs.wording import Measure, Unit, hours_of, part_of

PARAMETER = {
    By.PROJECT: "project",
    By.PERSON: "person",
    By.IMAGE: "image",
    By.GPU_TYPE: "gpu",
    By.TEAM: "team",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all tables of a page share. `whole`: what shares are of, the budget where there is one."""

    frame: Frame
    names: CostNames
    measure: Measure
    whole: Decimal
    of_budget: bool = False
    lead: bool = True


def held_columns(setting: Setting) -> list[Column]:
    """Held, active and idle, then cost; in GPU hours there is no money at all."""
    share = _("Share of budget") if setting.of_budget else _("Share")
    hours = [
        Column("held", _("Held hours"), "hours", "f1"),
        Column("active", _("Active hours"), "hours", "f2"),
    ]
    if setting.measure.unit is Unit.HOURS:
        return [*hours, Column("idle", _("Idle hours"), "hours", "f3"), Column("share", share, "share")]
    money = [Column("idle", _("Idle cost"), "money", "f3"), Column("cost", _("Direct cost"), "money", "f7")]
    return [*hours, *money, Column("share", share, "share")]


def trend_columns() -> list[Column]:
    """The change since the period before, and the sparkline (C8)."""
    return [Column("change", _("Change from before"), "change"), Column("days", _("30 days"), "spark")]


def measured(sums: Sums, before: Sums, setting: Setting) -> dict[str, Value]:
    """The values of `held_columns` and the change."""
    measure = setting.measure
    now, past = measure.of(sums), measure.of(before)
    return {
        "held": hours_of(sums.held_ms),
        "active": hours_of(sums.active_ms) if sums.measured_ms else None,
        "idle": measure.idle(sums) if sums.measured_ms else None,
        "cost": sums.cost,
        "share": part_of(now, setting.whole),
        "change": part_of(now - past, past),
    }


def projects(lines: Sequence[Line], setting: Setting) -> Table:
    """T1."""
    return _table(
        By.PROJECT, _("By project"), _("Project"), lines, setting, [*held_columns(setting), *trend_columns()]
    )


def people(lines: Sequence[Line], setting: Setting) -> Table:
    """T2, only for who may tell people apart."""
    columns = [*held_columns(setting), *trend_columns(), Column("last", _("Last use"), "day")]
    return _table(By.PERSON, _("By person"), _("Person"), lines, setting, columns)


def images(lines: Sequence[Line], setting: Setting) -> Table:
    """T3, each leading to the image's page."""
    columns = [*held_columns(setting), *trend_columns()]
    if setting.lead and setting.measure.unit is Unit.MONEY:
        columns.insert(-2, Column("per_active", _("Cost per active hour"), "price", "f11"))
    return _table(By.IMAGE, _("By image"), _("Image"), lines, setting, columns)


def gpu_types(lines: Sequence[Line], setting: Setting) -> Table:
    """T4, with the price and what an active hour really cost."""
    columns = held_columns(setting)
    if setting.measure.unit is Unit.MONEY:
        columns.append(Column("rate", _("Price per hour"), "price", "f7"))
        if setting.lead:
            columns.append(Column("per_active", _("Cost per active hour"), "price", "f11"))
    return _table(By.GPU_TYPE, _("By GPU type"), _("GPU type"), lines, setting, [*columns, *trend_columns()])


def _table(
    by: By, title: str, first: str, lines: Sequence[Line], setting: Setting, columns: Sequence[Column]
) -> Table:
    shown = [_line(by, line, setting) for line in lines]
    whole = sum((line.sums for line in lines), Sums())
    before = sum((line.before for line in lines), Sums())
    total = measured(whole, before, setting)
    kept = {name: total[name] for name in ("share", "change")}
    per_active = figures.cost_per_active_hour(whole)
    return table(
        key=_key(by),
        title=title,
        first=first,
        columns=columns,
        lines=shown,
        query=setting.frame.query,
        total={**kept, "per_active": per_active, "rate": None},
        unit=setting.measure.name,
    )


def _key(by: By) -> str:
    return f"by-{by.value.replace('_', '-')}"


def _line(by: By, line: Line, setting: Setting) -> TableLine:
    values: dict[str, Value] = measured(line.sums, line.before, setting)
    values |= {
        "last": line.last_day,
        "rate": line.rate,
        "per_active": figures.cost_per_active_hour(line.sums),
    }
    name, url = setting.names.of(by, line.value), setting.frame.link(**{PARAMETER[by]: line.value})
    if line.value == REST:
        # Sorted, a table has all its lines; people who are not told apart stay together.
        every = setting.frame.link(sort=f"-{_key(by)}.idle") + f"#{_key(by)}"
        name, url = _("Others"), "" if by is By.PERSON else every
    note = line.value if by is By.IMAGE and name != line.value and line.value else ""
    return TableLine(name, values, url=url, note=note, spark=setting.frame.whole_days(line.days))
