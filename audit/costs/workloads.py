"""What ran on one day: workloads with what they held, for the page of a day. Read from the rows themselves."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from audit.costs.models import Usage
from audit.costs.narrowing import MEASURES, own_too, sees_teams
from audit.costs.types import CostFilters, CostScope, Sums

KEY_FIELDS = {
    "teams": "team",
    "projects": "project",
    "persons": "person",
    "images": "repository",
    "versions": "digest",
    "gpu_types": "gpu_type",
    "clusters": "cluster",
    "pricing_classes": "pricing_class",
}
DIMENSIONS = (
    "place__cluster", "place__namespace", "place__workload", "key__team", "key__project", "key__gpu_type",
    "key__matched_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload of one day. `matched_by` is the rule that tied it to its team (label, namespace, grant, none)."""

    cluster: str
    namespace: str
    workload: str
    team: str
    project: str
    gpu_type: str
    matched_by: str
    person: str
    gpus: Decimal
    rate: Decimal | None
    sums: Sums


def workloads_of(
    scope: CostScope, filters: CostFilters, *, day: date, most: int
) -> tuple[list[Workload], int]:
    """The most costly workloads of a day in the scope and filters, and how many there are: two queries.

    `person` is empty unless the scope may tell people apart; `gpus` is the most held at once by one row;
    `rate` is None where the day had several prices or none.
    """
    names = ("key__person",) if scope.everything or scope.names else ()
    grouped = _narrowed(scope, filters, day).values(*DIMENSIONS, *names)
    measures: dict[str, Any] = {f"sum_{name}": Sum(name) for name in MEASURES}
    rows = grouped.annotate(**measures, most=Max("gpus"), low=Min("rate"), high=Max("rate"), n=Count("id"))
    found = rows.order_by("-sum_cost", "-sum_held_ms", *DIMENSIONS)[:most]
    return [_workload(row) for row in found], rows.count()


def _workload(row: dict[str, Any]) -> Workload:
    return Workload(
        cluster=row["place__cluster"],
        namespace=row["place__namespace"],
        workload=row["place__workload"],
        team=row["key__team"],
        project=row["key__project"],
        gpu_type=row["key__gpu_type"],
        matched_by=row["key__matched_by"],
        person=row.get("key__person", ""),
        gpus=row["most"],
        rate=row["low"] if row["low"] == row["high"] else None,
        sums=Sums(*(row[f"sum_{name}"] for name in MEASURES)),
    )


def _narrowed(scope: CostScope, filters: CostFilters, day: date) -> QuerySet[Usage]:
    rows = Usage.objects.filter(day=day)
    for name, field in KEY_FIELDS.items():
        if values := getattr(filters, name):
            rows = rows.filter(**{f"key__{field}__in": values})
    if filters.persons and not (scope.everything or scope.names):
        rows = rows.filter(key__person=scope.person)
    teams = sees_teams(scope, filters)
    if teams is None:
        return rows
    seen = Q(key__team__in=teams)
    return rows.filter(seen | Q(key__person=scope.person) if own_too(scope, filters) else seen)
