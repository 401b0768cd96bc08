"""The page of one team: spend against its budget, what was idle, by project, person, image and GPU type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from audit.costs import figures, selectors
from audit.costs.planning import AnomalyView, Overview
from audit.costs.types import REST, BudgetView, By, Line, Series, Standing
from portal.edges.cost_names import CostNames, cost_names
from portal.pages.costs import breakdowns, drawings
from portal.pages.costs.breakdowns import Setting
from portal.pages.costs.frame import Frame, shown
from portal.pages.costs.stats import budget_stats, use_stats
from portal.pages.costs.unusual import unusual_days
from portal.pages.costs.wording import Measure

SPLITS = {"gpu": By.GPU_TYPE, "project": By.PROJECT, "person": By.PERSON, "image": By.IMAGE}
"""What the columns of C2 can be split by (`?split=`)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was read for the page."""

    standing: Standing
    overview: Overview
    lines: Mapping[By, Sequence[Line]]
    time: Series
    by: By
    budget: BudgetView | None
    anomalies: Sequence[AnomalyView]
    menus: Mapping[By, Sequence[str]]
    names: CostNames


def team_page(frame: Frame, *, lead: bool) -> dict[str, Any]:
    """The context of a team's page. `lead`: with budget, forecast, unusual days and people."""
    facts = _facts(frame, lead=lead)
    measure = Measure(frame.unit, facts.standing.currency)
    whole = measure.of(facts.overview.now)
    budget = facts.budget if facts.budget and measure.unit == "money" else None
    setting = Setting(
        frame, facts.names, measure, budget.amount if budget else whole, of_budget=bool(budget), lead=lead
    )
    return {
        **shown(frame, facts.standing, facts.menus, facts.names),
        "empty": not facts.overview.now.held_ms and not facts.overview.unused.ms,
        "stats": [
            *(budget_stats(facts.budget, facts.standing.currency) if lead else []),
            *use_stats(facts.overview, setting),
        ],
        "charts": _charts(frame, facts, measure),
        "tables": _tables(facts, setting),
        "anomalies": unusual_days(facts.anomalies, facts.names, facts.standing.currency),
        "anomaly_count": len(facts.anomalies),
    }


def _facts(frame: Frame, *, lead: bool) -> Facts:
    scope, filters = frame.scope, frame.filters
    by = SPLITS.get(frame.query.get("split", ""), By.GPU_TYPE)
    by = by if by is not By.PERSON or scope.names else By.GPU_TYPE
    bys = [By.PROJECT, By.IMAGE, By.GPU_TYPE, *([By.PERSON] if scope.names else [])]
    lines = selectors.breakdowns(scope, filters, bys=[*bys, By.CLUSTER, By.PRICING_CLASS])
    standing = selectors.standing(scope, filters, frame.now)
    anomalies = selectors.anomalies_in(scope, frame.asked.filters.period) if lead else []
    menus = menus_of(frame, lines)
    row = selectors.budgets_of([("team", frame.team)], _budget_day(frame)).first() if lead else None
    return Facts(
        standing=standing,
        overview=selectors.overview(scope, filters),
        lines=lines,
        time=selectors.series(scope, filters, by=by, bucket=drawings.bucket_of(filters.period)),
        by=by,
        budget=selectors.budget_view(row, teams=(frame.team,), now=frame.now) if row else None,
        anomalies=anomalies,
        menus=menus,
        names=names_of(frame, {**menus}, lines, standing, anomalies),
    )


def menus_of(frame: Frame, lines: Mapping[By, Sequence[Line]]) -> Mapping[By, Sequence[str]]:
    """What the filters can be set to: what the tables show, or everything where the page is narrowed already."""
    if frame.narrowed:
        return selectors.choices(frame.scope, frame.asked.filters, bys=list(lines)).values
    return {by: [line.value for line in found if line.sums.held_ms] for by, found in lines.items()}


def _budget_day(frame: Frame) -> Any:
    """The day whose budget is meant: today, or the first day of a period that is over or not begun."""
    period = frame.asked.filters.period
    return frame.today if period.first <= frame.today < period.after else period.first


def names_of(
    frame: Frame,
    menus: Mapping[By, Sequence[str]],
    lines: Mapping[By, Sequence[Line]],
    standing: Standing,
    anomalies: Sequence[AnomalyView] = (),
) -> CostNames:
    """The names of everything a page speaks of, one query for each kind."""
    wanted: dict[By, set[str]] = {by: set(values) for by, values in menus.items()}
    for by, found in lines.items():
        wanted.setdefault(by, set()).update(line.value for line in found)
    for anomaly in anomalies:
        wanted.setdefault(By.TEAM, set()).add(anomaly.team)
        for cause in anomaly.causes:
            wanted.setdefault(cause.by, set()).add(cause.value)
    filters = frame.filters
    chosen = {By.PROJECT: filters.projects, By.PERSON: filters.persons, By.IMAGE: filters.images}
    for by, values in {**chosen, By.VERSION: filters.versions, By.GPU_TYPE: filters.gpu_types}.items():
        wanted.setdefault(by, set()).update(values)
    wanted.setdefault(By.TEAM, set()).update(filters.teams)
    wanted[By.GPU_TYPE].update(one.gpu_type for one in standing.unpriced)
    return cost_names({by: values - {REST} for by, values in wanted.items()})


def _charts(frame: Frame, facts: Facts, measure: Measure) -> list[Any]:
    view, currency = facts.budget, facts.standing.currency
    limit = drawings.budget_per_day(view, frame)
    first = [drawings.burn_down(view, currency)] if view else []
    cause = idle_cause(facts.lines.get(By.PROJECT, ()), facts.names)
    return [
        *first,
        replace(
            drawings.over_time(frame, facts.time, facts.by, facts.names, measure, limit),
            tabs=_splits(frame, facts.by),
        ),
        drawings.held_against_active(frame, facts.time, measure, cause),
    ]


def idle_cause(lines: Sequence[Line], names: CostNames) -> str:
    """The project with most idle cost; empty when none has any."""
    top = max(lines, key=lambda line: figures.idle_hours(line.sums), default=None)
    if top is None or not figures.idle_hours(top.sums):
        return ""
    if not top.value:
        return _("use without a project")
    return _("project %(name)s") % {"name": names.of(By.PROJECT, top.value)}


def _splits(frame: Frame, current: By) -> list[dict[str, Any]]:
    labels = {"gpu": _("GPU type"), "project": _("Project"), "person": _("Person"), "image": _("Image")}
    found = []
    for name, by in SPLITS.items():
        if by is By.PERSON and not frame.scope.names:
            continue
        query = frame.query.copy()
        query["split"] = name
        found.append(
            {
                "label": labels[name],
                "url": f"?{query.urlencode()}#c2",
                "current": by is current,
                "count": None,
            }
        )
    return found


def _tables(facts: Facts, setting: Setting) -> list[Any]:
    tables = [breakdowns.projects(facts.lines[By.PROJECT], setting)]
    if By.PERSON in facts.lines:
        tables.append(breakdowns.people(facts.lines[By.PERSON], setting))
    tables.append(breakdowns.images(facts.lines[By.IMAGE], setting))
    return [*tables, breakdowns.gpu_types(facts.lines[By.GPU_TYPE], setting)]
