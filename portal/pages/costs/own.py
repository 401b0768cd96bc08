"""One's own use, and the page of one day: what ran, hour by hour."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs import selectors
from audit.costs.types import REST, ZERO, By, Standing, Sums
from audit.costs.types import Line as CostLine
from audit.costs.workloads import Workload, workloads_of
from portal.edges.cost_names import CostNames
from portal.pages.costs import breakdowns, drawings
from portal.pages.costs.breakdowns import Setting
from portal.pages.costs.frame import Frame, shown
from portal.pages.costs.stats import use_stats
from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.team import idle_cause, names_of
from portal.pages.costs.wording import Measure, Unit, hours_of

MENUS = (By.PROJECT, By.GPU_TYPE, By.IMAGE, By.CLUSTER)
DAY_MENUS = (By.TEAM, *MENUS)
MOST_ROWS = 100
MOST_LINES = 50
"""Projects of a day's table; the others are one line, which leads to all of them."""
RULES = {
    "label": gettext_lazy("label"),
    "namespace": gettext_lazy("namespace"),
    "grant": gettext_lazy("grant"),
    "none": gettext_lazy("no rule"),
}


def own_page(frame: Frame) -> dict[str, Any]:
    """The context of a viewer's own use: hours, idle time, projects, images and types."""
    return _page(frame, By.PROJECT, MENUS, (By.PROJECT, By.IMAGE, By.GPU_TYPE))


def day_page(frame: Frame, day: date) -> dict[str, Any]:
    """The context of one day: by hour, and the workloads that held GPUs."""
    people = (By.PERSON,) if frame.scope.names and not frame.scope.everything else ()
    found, count = workloads_of(frame.scope, frame.filters, day=day, most=MOST_ROWS)
    also = {By.PROJECT: [one.project for one in found], By.PERSON: [one.person for one in found]}
    context = _page(frame, By.GPU_TYPE, DAY_MENUS, (By.PROJECT, *people), also)
    context["tables"].append(_workloads(found, context["names"], context["measure"], frame))
    return context | {"shown_rows": len(found), "all_rows": count}


def _page(
    frame: Frame,
    split: By,
    asked: Sequence[By],
    bys: Sequence[By],
    also: Mapping[By, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """What both pages have; `also`: values whose names are read along."""
    scope, filters = frame.scope, frame.filters
    standing: Standing = selectors.standing(scope, filters, frame.now)
    overview = selectors.overview(scope, filters)
    lines = selectors.breakdowns(scope, filters, bys=bys)
    time = selectors.series(scope, filters, by=split, bucket=drawings.bucket_of(filters.period))
    menus = selectors.choices(scope, frame.asked.filters, bys=asked).values
    wanted = {**menus, split: [*menus.get(split, ()), *time.rows]}
    wanted |= {by: [*wanted.get(by, ()), *values] for by, values in (also or {}).items()}
    names = names_of(frame, wanted, lines, standing)
    measure = Measure(frame.unit, standing.currency)
    setting = Setting(frame, names, measure, measure.of(overview.now), lead=False)
    makers = {
        By.PROJECT: breakdowns.projects,
        By.PERSON: breakdowns.people,
        By.IMAGE: breakdowns.images,
        By.GPU_TYPE: breakdowns.gpu_types,
    }
    return {
        **shown(frame, standing, menus, names),
        "names": names,
        "empty": not overview.now.held_ms,
        "stats": use_stats(overview, setting),
        "charts": [
            drawings.over_time(frame, time, split, names, measure),
            drawings.held_against_active(frame, time, measure, idle_cause(lines.get(By.PROJECT, ()), names)),
        ],
        "tables": [makers[by](folded(lines[by], frame), setting) for by in bys],
    }


def folded(lines: Sequence[CostLine], frame: Frame) -> Sequence[CostLine]:
    """The first lines and the sum of the others, so that all add up; every line when sorted or taken as a file."""
    if len(lines) <= MOST_LINES + 1 or frame.query.get("sort") or frame.query.get("csv"):
        return lines
    rest = lines[MOST_LINES:]
    days = [sum(one, ZERO) for one in zip_longest(*(line.days for line in rest), fillvalue=ZERO)]
    others = CostLine(
        REST,
        sum((line.sums for line in rest), Sums()),
        sum((line.before for line in rest), Sums()),
        days=tuple(days),
        last_day=max((line.last_day for line in rest if line.last_day), default=None),
    )
    return [*lines[:MOST_LINES], others]


def _workloads(found: Sequence[Workload], names: CostNames, measure: Measure, frame: Frame) -> Table:
    columns = [Column("project", _("Project"), "text"), Column("type", _("GPU type"), "text")]
    if frame.scope.names:
        columns.append(Column("person", _("Person"), "text"))
    columns += [Column("gpus", _("GPUs at once"), "plain"), Column("held", _("Held hours"), "hours", "f1")]
    columns.append(Column("active", _("Active hours"), "hours", "f2"))
    if measure.unit is Unit.MONEY:
        columns += [
            Column("idle", _("Idle cost"), "money", "f3"),
            Column("rate", _("Price per hour"), "price", "f7"),
        ]
        columns.append(Column("cost", _("Direct cost"), "money", "f7"))
    columns.append(Column("rule", _("Tied by"), "text"))
    return table(
        key="workloads",
        title=_("Workloads"),
        first=_("Workload"),
        columns=columns,
        lines=[_workload(one, names) for one in found],
        query=frame.query,
        total={"gpus": None, "rate": None},
        unit=measure.name,
    )


def _workload(one: Workload, names: CostNames) -> Line:
    known = bool(one.sums.measured_ms)
    return Line(
        one.workload or _("Unnamed workload"),
        {
            "project": names.of(By.PROJECT, one.project),
            "type": names.of(By.GPU_TYPE, one.gpu_type),
            "person": names.of(By.PERSON, one.person),
            "gpus": one.gpus,
            "held": hours_of(one.sums.held_ms),
            "active": hours_of(one.sums.active_ms) if known else None,
            "idle": one.sums.idle_cost if known else None,
            "rate": one.rate,
            "cost": one.sums.cost,
            "rule": str(RULES.get(one.matched_by, one.matched_by)),
        },
        note=" / ".join(part for part in (one.cluster, one.namespace) if part),
    )
