"""What of reservations nobody used (F6), as it is charged to their owners."""

from audit.costs.narrowing import ask, sees_teams, wanted
from audit.costs.planning import Unused
from audit.costs.records import PricingClass
from audit.costs.types import By, CostFilters, CostScope, Period

TOLD_BY = (By.TEAM, By.GPU_TYPE, By.CLUSTER)
"""What unused reservations can be told apart by."""
_SUMS = """
SELECT {by}, coalesce(sum(unused_ms), 0)::bigint, coalesce(sum(unused_cost), 0) FROM costs_reservationday
 WHERE day >= %s AND day < %s{where} GROUP BY 1
"""


def unused(scope: CostScope, filters: CostFilters, *, period: Period | None = None) -> Unused:
    """What nobody used of the reservations of teams seen (F6); nothing when a filter is about use itself."""
    return unused_by(scope, filters, None, period=period).get("", Unused())


def unused_by(
    scope: CostScope, filters: CostFilters, by: By | None, *, period: Period | None = None
) -> dict[str, Unused]:
    """The same by team, GPU type or cluster; {} by anything else, to which a reservation does not belong."""
    where = conditions(scope, filters)
    if where is None or (by is not None and by not in TOLD_BY):
        return {}
    span, (sql, params) = period or filters.period, where
    found = ask(_SUMS, [span.first, span.after, *params], by=by.value if by else "''", where=sql)
    return {value: Unused(ms, cost) for value, ms, cost in found}


def conditions(scope: CostScope, filters: CostFilters) -> tuple[str, list[list[str]]] | None:
    """What narrows reservations to the scope and filters, as SQL; None: a filter is about use itself."""
    asked = dict(wanted(filters))
    classes = asked.pop(By.PRICING_CLASS, (PricingClass.RESERVED,))
    if not set(asked) <= set(TOLD_BY) or PricingClass.RESERVED not in classes:
        return None
    teams = sees_teams(scope, filters)
    asked.pop(By.TEAM, None)
    chosen = {by.value: list(values) for by, values in asked.items()}
    if teams is not None:
        chosen["team"] = list(teams)
    return "".join(f" AND {name} = ANY(%s)" for name in chosen), list(chosen.values())
