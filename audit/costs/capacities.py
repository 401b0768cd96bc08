"""What was provisioned and what became of it: figure F5, chart C6 and the reconciliation line."""

from typing import Any

from audit.costs.narrowing import TEAM_TOTALS, ask
from audit.costs.series import Bucket
from audit.costs.shares import pool_of, shared_amounts
from audit.costs.types import ZERO, CapacityLine, CostFilters, Reconciliation

_NARROW = """{0}.day >= %s AND {0}.day < %s AND (%s OR {0}.cluster = ANY(%s))
 AND (%s OR {0}.gpu_type = ANY(%s)) AND (%s OR {0}.pricing_class = ANY(%s))"""


def capacity(filters: CostFilters, *, bucket: Bucket | None = None) -> list[CapacityLine]:
    """What became of provisioned GPUs, by type and, with a bucket (day, week, month), over time.

    Only for viewers of everything: it is the whole organisation's. Teams, projects, people and images of the
    filters are left aside. Types without capacity data are not in it. Sorted by time, then most unallocated.
    """
    start = "%s" if bucket is None else f"greatest(date_trunc('{bucket}', day::timestamp)::date, %s)"
    found = ask(
        _LINES, 2 * [filters.period.first, *_narrow(filters)],
        start=start, bought=_CAPACITY, held_where=_where("t"), bought_where=_where("c"), covered=_COVERED,
    )  # fmt: skip
    return [CapacityLine(*row) for row in found]


_LINES = """
WITH held AS (SELECT gpu_type, {start} AS start, sum(held_ms) AS held_ms, sum(active_ms) AS active_ms,
                     sum(measured_ms) AS measured_ms
                FROM costs_placeday t WHERE {held_where} AND {covered} GROUP BY 1, 2),
     bought AS (SELECT gpu_type, {start} AS start, {bought} FROM costs_capacityday c WHERE {bought_where}
                GROUP BY 1, 2 HAVING sum(provisioned_ms) > 0 OR sum(over_ms) > 0)
SELECT bought.gpu_type, bought.start, provisioned_ms, coalesce(active_ms, 0)::bigint,
       coalesce(measured_ms - active_ms, 0)::bigint, coalesce(held_ms - measured_ms, 0)::bigint,
       unused_ms, unallocated_ms, over_ms, capacity_cost, direct_cost, unused_cost, unallocated_cost, over_cost
  FROM bought LEFT JOIN held USING (gpu_type, start) ORDER BY start, unallocated_cost DESC, gpu_type
"""
_CAPACITY = ", ".join(
    f"coalesce(sum({name}), 0){'' if name.endswith('cost') else '::bigint'} AS {name}"
    for name in (
        "provisioned_ms", "unused_ms", "unallocated_ms", "over_ms", "capacity_cost", "direct_cost",
        "unused_cost", "unallocated_cost", "over_cost",
    )
)  # fmt: skip


_COVERED = """EXISTS (SELECT 1 FROM costs_capacityday b WHERE b.day = t.day AND b.cluster = t.cluster
 AND b.gpu_type = t.gpu_type AND b.pricing_class = t.pricing_class AND b.held_ms > 0)"""


def reconciliation(filters: CostFilters) -> Reconciliation:
    """Capacity cost against the sum of its parts over the filters' period, clusters, types and classes.

    Only for viewers of everything. What teams and reservations are charged is added up from their own sums,
    not from those of capacity, so that the difference says something. Shared cost and overhead belong to no
    cluster or type: narrowed to some, there is no overhead and unallocated cost is all undistributed.
    """
    whole = not (filters.clusters or filters.gpu_types or filters.pricing_classes)
    bought = ask(_BOUGHT, _narrow(filters), where=_where("c"))[0]
    direct, unattributed = ask(_DIRECT, **_direct(filters, whole=whole))[0]
    (unused,) = ask(_UNUSED, _narrow(filters), where=_where("r"))[0]
    overhead = pool_of(filters.period)[1] if whole else ZERO
    charged = sum(shared_amounts(filters.period).values(), ZERO) if whole else ZERO
    known, capacity_cost, unallocated, over, uncovered = bought
    return Reconciliation(
        capacity=capacity_cost,
        direct=direct,
        unattributed=unattributed,
        unused=unused,
        unallocated=unallocated,
        overhead=overhead,
        shared=charged,
        undistributed=unallocated + overhead - charged,
        over=over,
        uncovered=uncovered,
        known=known,
    )


_BOUGHT = """SELECT coalesce(bool_or(provisioned_ms > 0 OR held_ms > 0), false), coalesce(sum(capacity_cost), 0),
 coalesce(sum(unallocated_cost), 0), coalesce(sum(over_cost), 0), coalesce(sum(unknown_cost), 0)
 FROM costs_capacityday c WHERE {where}"""
_DIRECT = """SELECT coalesce(sum(cost) FILTER (WHERE team <> ''), 0),
 coalesce(sum(cost) FILTER (WHERE team = ''), 0) FROM {table} t WHERE {where}"""
_UNUSED = """SELECT coalesce(sum(unused_cost), 0)
 FROM (SELECT *, 'reserved' AS pricing_class FROM costs_reservationday) r WHERE {where}"""


def _direct(filters: CostFilters, *, whole: bool) -> dict[str, Any]:
    if whole:
        days = [filters.period.first, filters.period.after]
        return {"params": days, "table": TEAM_TOTALS, "where": "t.day >= %s AND t.day < %s"}
    return {"params": _narrow(filters), "table": "costs_teamday", "where": _where("t")}


def _where(alias: str) -> str:
    return _NARROW.format(alias)


def _narrow(filters: CostFilters) -> list[Any]:
    chosen = (filters.clusters, filters.gpu_types, filters.pricing_classes)
    narrow = [one for values in chosen for one in (not values, list(values))]
    return [filters.period.first, filters.period.after, *narrow]
