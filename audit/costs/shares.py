"""Shared cost (F8) of teams: each day's unallocated cost and overhead, by the method of the settings."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from audit.costs.models import Overhead, TeamTotal
from audit.costs.narrowing import ask, wanted
from audit.costs.organisation import organisation
from audit.costs.planning import SharedDay, SharedLine
from audit.costs.settings import cost_settings
from audit.costs.sharing import Method, days_of, part
from audit.costs.types import ZERO, By, CostFilters, Period

Pools = dict[date, tuple[Decimal, Decimal]]
"""Of each day: unallocated cost, overhead."""

_WEIGHTS = """
use AS (SELECT day, team, sum(cost) AS own FROM costs_teamtotal
        WHERE day >= %s AND day < %s AND team <> '' GROUP BY day, team HAVING sum(cost) > 0),
stacked AS (SELECT day, team, own, sum(own) OVER (PARTITION BY day ORDER BY team) AS upto,
                   sum(own) OVER (PARTITION BY day) AS total FROM use)
"""
# The rule of sharing.part, said in SQL for all teams and days at once.
_ALL = """
WITH {weights}, pools AS (SELECT * FROM unnest(%s::date[], %s::numeric[]) AS p(day, pool))
SELECT team, sum(div(pool * upto * 1000000, total) - div(pool * (upto - own) * 1000000, total)) / 1000000
  FROM stacked JOIN pools USING (day) GROUP BY team
"""
# The same of one team: its weight, the weights in front of it and all weights, without those of each other team.
_ONE = """
SELECT day, coalesce(sum(cost) FILTER (WHERE team = %s), 0), coalesce(sum(cost) FILTER (WHERE team < %s), 0), sum(cost)
  FROM costs_teamtotal WHERE day >= %s AND day < %s AND team <> '' GROUP BY day
"""
FEW = 3
"""So many teams are reckoned one by one sooner than all at once."""


def shared(filters: CostFilters, *, weights: Mapping[str, Decimal] | None = None) -> dict[str, SharedLine]:
    """What each team is charged of shared cost in the filters' period, by team; {} with the method none.

    `weights` are quotas (and, for equal, the teams that take part); without them the organisation is asked.
    Shared cost belongs to whole teams: filtered by anything but teams there is none.
    """
    if set(wanted(filters)) - {By.TEAM}:
        return {}
    method = method_now()
    if method != Method.NONE and 0 < len(filters.teams) <= FEW:
        lines = [shared_arithmetic(team, filters.period, weights=weights) for team in filters.teams if team]
        return {line.team: replace(line, days=()) for line in lines}
    amounts = shared_amounts(filters.period, weights=weights)
    chosen = filters.teams or amounts
    return {team: SharedLine(team, method, amounts[team]) for team in chosen if team in amounts}


def shared_arithmetic(
    team: str, period: Period, *, weights: Mapping[str, Decimal] | None = None
) -> SharedLine:
    """One team's shared cost with its whole arithmetic, day by day; days without a pool are left out."""
    method = method_now()
    pools = _pools(period) if method != Method.NONE else {}
    stacks = _stacks(team, period, method, weights)
    days = [
        SharedDay(day, *pool, own, total, part(sum(pool, ZERO), before=before, own=own, total=total))
        for day, pool in sorted(pools.items())
        if sum(pool, ZERO)
        for own, before, total in [stacks.get(day, stacks.get(None, (ZERO, ZERO, ZERO)))]
    ]
    return SharedLine(team, method, sum((one.amount for one in days), ZERO), tuple(days))


def shared_amounts(period: Period, *, weights: Mapping[str, Decimal] | None = None) -> dict[str, Decimal]:
    """What each team is charged in the period; teams that are charged nothing may be missing."""
    method = method_now()
    if method == Method.NONE:
        return {}
    pools = {day: sum(pool, ZERO) for day, pool in _pools(period).items()}
    if method == Method.DIRECT:
        return dict(
            ask(_ALL, [period.first, period.after, list(pools), list(pools.values())], weights=_WEIGHTS)
        )
    fixed = _fixed(method, weights)
    return {
        team: sum((part(pool, before=before, own=own, total=total) for pool in pools.values()), ZERO)
        for team, (own, before, total) in fixed.items()
    }


def shared_by_day(teams: tuple[str, ...], period: Period) -> dict[date, Decimal]:
    """What some teams together are charged on each day."""
    found: dict[date, Decimal] = {}
    for team in teams if method_now() != Method.NONE else ():
        for one in shared_arithmetic(team, period).days:
            found[one.day] = found.get(one.day, ZERO) + one.amount
    return found


def pool_of(period: Period) -> tuple[Decimal, Decimal]:
    """Unallocated cost and overhead of a period, shared or not."""
    pools = _pools(period).values()
    return sum((one[0] for one in pools), ZERO), sum((one[1] for one in pools), ZERO)


def method_now() -> str:
    """The method of the settings."""
    return cost_settings().shared_method


def _pools(period: Period) -> Pools:
    """Overhead is laid on the days up to the last one with use: a month's remaining days are no spend yet."""
    rows = ask(
        "SELECT day, sum(unallocated_cost) FROM costs_capacityday WHERE day >= %s AND day < %s GROUP BY day",
        [period.first, period.after],
    )
    pools: Pools = {day: (amount, ZERO) for day, amount in rows}
    for day, amount in _overheads(period).items():
        pools[day] = (pools.get(day, (ZERO, ZERO))[0], pools.get(day, (ZERO, ZERO))[1] + amount)
    return pools


def _overheads(period: Period) -> dict[date, Decimal]:
    last = TeamTotal.objects.order_by("-day").values_list("day", flat=True).first()
    months = Overhead.objects.filter(month__gte=period.first.replace(day=1), month__lt=period.after)
    found: dict[date, Decimal] = {}
    for month, amount in months.values_list("month", "amount"):
        for n, one in enumerate(days_of(amount, monthrange(month.year, month.month)[1]), 1):
            day = month.replace(day=n)
            if last and period.first <= day < period.after and day <= last:
                found[day] = found.get(day, ZERO) + one
    return found


def _stacks(
    team: str, period: Period, method: str, weights: Mapping[str, Decimal] | None
) -> Mapping[date | None, tuple[Decimal, Decimal, Decimal]]:
    """Of each day: own weight, weights in front, all weights. None: of every day."""
    if method == Method.DIRECT:
        rows = ask(_ONE, [team, team, period.first, period.after])
        return {day: (own, before, total) for day, own, before, total in rows}
    return {None: _fixed(method, weights).get(team, (ZERO, ZERO, ZERO))}


def _fixed(method: str, weights: Mapping[str, Decimal] | None) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Own weight, weights in front and all weights of each team, for methods whose weights do not change."""
    known = organisation()
    given = weights if weights is not None else {**dict.fromkeys(known.cost_centres, ZERO), **known.quotas}
    equal = {team: Decimal(1) if method == Method.EQUAL else own for team, own in given.items()}
    total, before, found = sum(equal.values(), ZERO), ZERO, {}
    for team in sorted(equal):
        found[team] = (equal[team], before, total)
        before += equal[team]
    return found
