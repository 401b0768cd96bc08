"""What ran on one day: workloads with what they held, for the page of a day. Read from the rows themselves."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Max, Min, Q, QuerySet, Sum

from audit.costs.models import Usage
from audit.costs.narrowing import MEASURES, ask, own_too, sees_teams
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
_SUMS = ", ".join(f"sum(sum_{name}){'' if name.endswith('cost') else '::bigint'}" for name in MEASURES)
_ROWS = """
SELECT p.cluster, p.namespace, p.workload, k.team, k.project, k.gpu_type, k.matched_by, {person} AS person, max(most),
       CASE WHEN min(low) = max(high) THEN min(low) END, count(*) OVER (), {sums}
  FROM ({rows}) r JOIN costs_usageplace p ON p.id = r.place_id JOIN costs_usagekey k ON k.id = r.key_id
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY sum(sum_cost) DESC, sum(sum_held_ms) DESC, 1, 2, 3, 4, 5, 6, 7 LIMIT %s
"""


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
    """The most costly workloads of a day in the scope and filters, and how many there are: one query.

    `person` is empty unless the scope may tell people apart; `gpus` is the most held at once by one row;
    `rate` is None where the day had several prices or none.
    """
    # Rows are added up by their keys before names are looked at: a day has many rows of few keys.
    added: dict[str, Any] = {f"sum_{name}": Sum(name) for name in MEASURES}
    keyed = _narrowed(scope, filters, day).order_by().values_list("place_id", "key_id")
    try:
        inner = keyed.annotate(**added, most=Max("gpus"), low=Min("rate"), high=Max("rate"))
        rows, given = inner.query.sql_with_params()
    except EmptyResultSet:
        return [], 0
    person = "k.person" if scope.everything or scope.names else "''::text"
    found = ask(_ROWS, [*given, most], rows=rows, person=person, sums=_SUMS)
    return [_workload(row) for row in found], found[0][10] if found else 0


def _workload(row: tuple[Any, ...]) -> Workload:
    return Workload(*(*row[:10], Sums(*row[11:])))


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
