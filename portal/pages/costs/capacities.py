"""What became of provisioned GPUs (C6), that all parts add up, and how what nobody holds was shared (F8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from audit.costs import selectors
from audit.costs.planning import SharedLine
from audit.costs.types import ZERO, By, CapacityLine, Reconciliation, Standing
from portal.edges.cost_names import CostNames
from portal.pages.costs.breakdowns import Setting
from portal.pages.costs.charts import OTHER_COLOUR, Chart, chart
from portal.pages.costs.drawings import week_of
from portal.pages.costs.frame import Frame
from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.wording import METHODS, Measure, Unit, hours_of, money, number, part_of, share
from portal.pages.markup import day_text

HUNDRED = Decimal(100)


def charts(lines: Sequence[CapacityLine], setting: Setting) -> list[Chart]:
    """C6: one chart for each GPU type, a column a week, in percent of what was provisioned."""
    types = dict.fromkeys(line.gpu_type for line in lines if line.provisioned_ms)
    return [
        _chart(n, one, [line for line in lines if line.gpu_type == one], setting)
        for n, one in enumerate(types)
    ]


def _chart(place: int, gpu_type: str, lines: Sequence[CapacityLine], setting: Setting) -> Chart:
    colour = setting.names.colours.get(gpu_type, "0")
    columns = [
        Column("active", _("Held and active"), "percent", draw="bar", colour=colour),
        Column("idle", _("Held but idle"), "percent", draw="idle", colour=colour),
        Column("unknown", _("Not measured"), "percent", draw="dots", colour=colour),
        Column("unused", _("Unused reservation"), "percent", draw="idle", colour=OTHER_COLOUR),
        Column("free", _("Unallocated"), "percent", draw="bar", colour=OTHER_COLOUR),
    ]
    provisioned = sum(line.provisioned_ms for line in lines)
    free, hours = sum(line.unallocated_ms for line in lines), number(hours_of(provisioned))
    told = {"share": share(part_of(free, provisioned)), "hours": hours}
    return chart(
        key=f"c6-{place + 1}",
        title=_("Capacity: %(type)s") % {"type": setting.names.of(By.GPU_TYPE, gpu_type)},
        finding=_("%(share)s of %(hours)s provisioned GPU hours were held by nobody.") % told,
        first=_("Week"),
        columns=columns,
        lines=[_week(line, setting) for line in lines],
        unit="%",
        most=100,
        size="small",
    )


def _week(line: CapacityLine, setting: Setting) -> Line:
    whole = max(
        line.provisioned_ms,
        line.active_ms + line.idle_ms + line.unmeasured_ms + line.unused_ms + line.unallocated_ms,
    )
    parts = {
        "active": line.active_ms,
        "idle": line.idle_ms,
        "unknown": line.unmeasured_ms,
        "unused": line.unused_ms,
        "free": line.unallocated_ms,
    }
    values = {name: HUNDRED * part / whole if whole else ZERO for name, part in parts.items()}
    return Line(week_of(line.start, setting.frame.filters.period), values)


@dataclass(frozen=True, slots=True)
class Sum:
    """The reconciliation line: what is to be explained, by which parts, and what is left."""

    whole: list[tuple[str, str, str]]
    parts: list[tuple[str, str, str]]
    difference: str
    wrong: bool
    known: bool


def reconciled(found: Reconciliation, currency: str) -> Sum:
    """The parts of capacity cost and overhead, each (name, amount, figure)."""

    def part(name: str, amount: Decimal, figure: str) -> tuple[str, str, str]:
        return name, money(amount, currency), figure

    more = [
        part(_("capacity nobody reports"), found.uncovered, "f5") if found.uncovered else None,
        part(_("overhead"), found.overhead, "f8") if found.overhead else None,
    ]
    over = [part(_("less: held beyond capacity"), found.over, "f5")] if found.over else []
    return Sum(
        whole=[part(_("capacity"), found.capacity, "f5"), *(one for one in more if one)],
        parts=[
            part(_("teams"), found.direct, "f7"),
            part(_("unattributed"), found.unattributed, "f10"),
            part(_("unused reservations"), found.unused, "f6"),
            part(_("shared"), found.shared, "f8"),
            part(_("charged to nobody"), found.undistributed, "f8"),
            *over,
        ],
        difference=money(found.difference, currency),
        wrong=bool(found.difference.quantize(Decimal("0.01"))),
        known=found.known,
    )


@dataclass(frozen=True, slots=True)
class Sharing:
    """How shared cost was shared: by which method, to whom how much, and one team's arithmetic."""

    method: str
    table: Table | None
    arithmetic: Table | None
    of: str = ""


def sharing(frame: Frame, names: CostNames, standing: Standing) -> Sharing:
    """What each team is charged of shared cost; `?shared=<team>` opens that team's arithmetic."""
    method = str(METHODS.get(standing.shared_method, standing.shared_method))
    lines = list(selectors.shared(frame.filters).values())
    if not lines:
        return Sharing(method, None, None)
    chosen = frame.query.get("shared", "")
    found = (
        selectors.shared_arithmetic(chosen, frame.filters.period)
        if chosen in {one.team for one in lines}
        else None
    )
    unit = Measure(Unit.MONEY, standing.currency).name
    return Sharing(
        method,
        _charged(lines, frame, names, unit),
        _arithmetic(found, unit) if found else None,
        names.of(By.TEAM, chosen) if found else "",
    )


def _charged(lines: Sequence[SharedLine], frame: Frame, names: CostNames, unit: str) -> Table:
    rows = [
        Line(names.of(By.TEAM, one.team), {"amount": one.amount}, url=frame.link(shared=one.team) + "#shared")
        for one in sorted(lines, key=lambda one: (-one.amount, one.team))
    ]
    columns = [Column("amount", _("Shared cost"), "money", "f8")]
    return table(
        key="shared-teams",
        title=_("Shared cost"),
        first=_("Team"),
        columns=columns,
        lines=rows,
        total={},
        unit=unit,
    )


def _arithmetic(found: SharedLine, unit: str) -> Table:
    columns = [
        Column("unallocated", _("Unallocated"), "money"),
        Column("overhead", _("Overhead"), "money"),
        Column("weight", _("Own weight"), "plain"),
        Column("weights", _("All weights"), "plain"),
        Column("amount", _("Shared cost"), "money"),
    ]
    rows = [
        Line(
            day_text(one.day),
            {
                "unallocated": one.unallocated,
                "overhead": one.overhead,
                "weight": one.weight,
                "weights": one.weights,
                "amount": one.amount,
            },
        )
        for one in found.days
    ]
    title = _("Arithmetic")
    return table(
        key="shared-days", title=title, first=_("Day"), columns=columns, lines=rows, total={}, unit=unit
    )
