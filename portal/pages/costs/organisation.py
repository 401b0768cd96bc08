"""The page of the whole organisation: teams, budgets, capacity, what nobody holds, and that it all adds up."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.costs import figures, selectors
from audit.costs.planning import OrgLine, Overview
from audit.costs.types import ZERO, By, CapacityLine
from portal.pages.costs import capacities, drawings
from portal.pages.costs.breakdowns import Setting
from portal.pages.costs.charts import LIMIT_COLOUR, OTHER_COLOUR, Chart, chart
from portal.pages.costs.frame import Frame, shown
from portal.pages.costs.stats import Stat, use_stats
from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.team import names_of
from portal.pages.costs.unusual import unusual_days
from portal.pages.costs.wording import Measure, Unit, hours_of, money, number, share
from portal.pages.markup import day_text

MOST_BARS = 16
"""Teams of a chart; the table below has them all."""
MENUS = (By.TEAM, By.GPU_TYPE, By.CLUSTER, By.PRICING_CLASS)


def organisation_page(frame: Frame) -> dict[str, Any]:
    """The context of the page; only for those who see everything."""
    scope, filters = frame.scope, frame.filters
    lines = selectors.org_lines(scope, filters, now=frame.now)
    standing = selectors.standing(scope, filters, frame.now)
    overview = selectors.overview(scope, filters)
    capacity = selectors.capacity(filters, bucket="week")
    anomalies = selectors.anomalies_in(scope, frame.asked.filters.period)
    menus = selectors.choices(
        scope, frame.asked.filters, bys=[By.TEAM, By.GPU_TYPE, By.CLUSTER, By.PRICING_CLASS]
    ).values
    known = {**menus, By.TEAM: [*menus.get(By.TEAM, ()), *(line.team for line in lines)]}
    names = names_of(frame, known, {}, standing, anomalies)
    setting = Setting(frame, names, Measure(frame.unit, standing.currency), overview.total)
    return {
        **shown(frame, standing, menus, names),
        "empty": not overview.now.held_ms and not overview.unused.ms and not capacity,
        "stats": [*use_stats(overview, setting), *_stats(overview, capacity, setting)],
        "charts": [*_charts(lines, setting), *capacities.charts(capacity, setting)],
        "tables": [teams(lines, setting)],
        "anomalies": unusual_days(anomalies, names, standing.currency),
        "anomaly_count": len(anomalies),
        "sum": capacities.reconciled(selectors.reconciliation(filters), standing.currency),
        "sharing": capacities.sharing(frame, names, standing),
    }


def _stats(overview: Overview, capacity: Sequence[CapacityLine], setting: Setting) -> list[Stat]:
    """What nobody holds (F5), and what nothing ties to a team (F10)."""
    currency = setting.measure.currency
    spare = sum((line.unallocated_cost for line in capacity), ZERO)
    hours = _("%(n)s GPU hours") % {"n": number(hours_of(sum(line.unallocated_ms for line in capacity)))}
    unknown = Stat(_("Unallocated"), _("Unknown"), "f5", _("No source brings capacity."))
    loose = figures.unattributed_share(overview.unattributed, overview.now)
    hint = _("%(share)s of direct cost") % {"share": share(loose)} if loose is not None else ""
    return [
        Stat(_("Unallocated"), money(spare, currency), "f5", hours) if capacity else unknown,
        Stat(_("Unattributed"), money(overview.unattributed.cost, currency), "f10", hint),
    ]


def _charts(lines: Sequence[OrgLine], setting: Setting) -> list[Chart]:
    used = [line for line in lines if line.sums.held_ms][:MOST_BARS]
    budgeted = [line for line in lines if line.budget is not None][:MOST_BARS]
    found = [_by_team(used, setting)] if used else []
    return [*found, _bullets(budgeted, setting)] if budgeted else found


def _by_team(lines: Sequence[OrgLine], setting: Setting) -> Chart:
    """C4: what each team held, idle part hatched, most idle first."""
    measure = setting.measure
    kind = "money" if measure.unit is Unit.MONEY else "hours"
    columns = [
        Column("active", _("Held and active"), kind, draw="bar"),
        Column("idle", _("Held but idle"), kind, draw="idle"),
        Column("unknown", _("Not measured"), kind, draw="dots", colour=OTHER_COLOUR),
    ]
    rows = [
        Line(_name(line, setting), drawings.three_parts(line.sums, measure), url=_page(line, setting))
        for line in lines
    ]
    top = lines[0]
    finding = _("Most idle: %(team)s, %(idle)s of %(held)s.") % {
        "team": _name(top, setting),
        "idle": measure.said(measure.idle(top.sums)),
        "held": measure.said(measure.of(top.sums)),
    }
    title = _("Teams by idle use")
    return chart(
        key="c4",
        title=title,
        finding=finding,
        first=_("Team"),
        columns=columns,
        lines=rows,
        unit=measure.name,
        flat=True,
    )


def _bullets(lines: Sequence[OrgLine], setting: Setting) -> Chart:
    """C5: spent, expected and budget of each team that has one."""
    columns = [
        Column("spent", _("Spent"), draw="bar"),
        Column("forecast", _("Forecast"), draw="mark", colour="text"),
        Column("budget", _("Budget"), draw="budget", colour=LIMIT_COLOUR),
    ]
    rows = [
        Line(
            _name(line, setting),
            {"spent": line.spent, "forecast": line.forecast, "budget": line.budget},
            url=_page(line, setting),
        )
        for line in lines
    ]
    over = sum(1 for line in lines if line.forecast and line.budget and line.forecast > line.budget)
    said = ngettext(
        "%(over)s of %(n)s team with a budget is expected to pass it.",
        "%(over)s of %(n)s teams with a budget are expected to pass it.",
        len(lines),
    )
    return chart(
        key="c5",
        title=_("Spent and expected against the budget"),
        finding=said % {"over": number(over), "n": number(len(lines))},
        first=_("Team"),
        columns=columns,
        lines=rows,
        unit=Measure(Unit.MONEY, setting.measure.currency).name,
        flat=True,
        stacked=False,
    )


def teams(lines: Sequence[OrgLine], setting: Setting) -> Table:
    """T5: every team, its use in the period, and how its budget stands now."""
    measure = setting.measure
    kind = "money" if measure.unit is Unit.MONEY else "hours"
    columns = [
        Column("idle", _("Idle cost") if kind == "money" else _("Idle hours"), kind, "f3"),
        Column("total", _("Total cost") if kind == "money" else _("Held hours"), kind, "f9"),
        Column("loose", _("Without project"), "money", "f10"),
        Column("budget", _("Budget"), "money", "f13"),
        Column("spent", _("Spent"), "money", "f12"),
        Column("forecast", _("Forecast"), "money", "f14"),
        Column("plan", _("Plan index"), "ratio", "f13"),
        Column("ends", _("Budget ends"), "day", "f17"),
        Column("change", _("Change from before"), "change"),
    ]
    return table(
        key="by-team",
        title=_("By team"),
        first=_("Team"),
        columns=columns,
        lines=[_team_line(line, setting) for line in lines],
        query=setting.frame.query,
        total={"plan": None, "ends": None, "change": None},
        unit=Measure(Unit.MONEY, measure.currency).name,
    )


def _team_line(line: OrgLine, setting: Setting) -> Line:
    measure = setting.measure
    total = line.total if measure.unit is Unit.MONEY else hours_of(line.sums.held_ms)
    values = {
        "idle": measure.idle(line.sums) if line.sums.measured_ms else None,
        "total": total,
        "loose": line.without_project,
        "budget": line.budget,
        "spent": line.spent,
        "forecast": line.forecast,
        "plan": line.plan_index,
        "ends": line.ends_on,
        "change": figures.change(measure.of(line.sums), measure.of(line.before)),
    }
    passed = line.ends_on if line.ends_on and line.ends_on < setting.frame.today else None
    note = _("Budget passed on %(day)s") % {"day": day_text(passed)} if passed else ""
    return Line(_name(line, setting), values, url=_page(line, setting), note=note)


def _name(line: OrgLine, setting: Setting) -> str:
    return setting.names.of(By.TEAM, line.team)


def _page(line: OrgLine, setting: Setting) -> str:
    if not line.team:
        return setting.frame.link(team="")
    return setting.frame.link(reverse("costs-team", args=[line.team]))
