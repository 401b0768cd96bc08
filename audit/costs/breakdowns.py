"""Use told apart by something: one line for each value, with the period before and the last 30 days."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from audit.costs.cards import rate_rows
from audit.costs.narrowing import MEASURES, ask, narrowed, sees_teams, small_table
from audit.costs.planning import Unused
from audit.costs.types import ZERO, By, CostFilters, CostScope, Line, Period, Sums
from audit.costs.unused import unused_by

SPARK_DAYS = 30

# Rows of the same kind are added up once before they are told apart in several ways: days repeat themselves.
# `told` numbers what a row tells apart; rows of one day carry cost only.
_SELECT = """
, cells AS (SELECT day >= %s AS now, {names}, max(day) AS latest, {sums}
              FROM rows WHERE day >= %s OR day < %s GROUP BY now, {names})
SELECT {told}, now, NULL::date AS day, {values}, max(latest), {sums} FROM cells GROUP BY GROUPING SETS ({sets})
"""
_DAYS = """
UNION ALL
SELECT {told}, true, day, {values}, NULL, {nothing}, sum(cost), 0, 0
  FROM rows WHERE day >= %s GROUP BY GROUPING SETS ({day_sets})
"""


def breakdown(scope: CostScope, filters: CostFilters, *, by: By) -> list[Line]:
    """One line for each value of `by`, those with the most idle cost first, then the most costly.

    Owners of reservations that nobody used have a line even when they held nothing. Persons whom the viewer
    may not tell apart are one line, REST.
    """
    return breakdowns(scope, filters, bys=[by])[by]


def breakdowns(
    scope: CostScope, filters: CostFilters, *, bys: Sequence[By], sparks: bool = True
) -> dict[By, list[Line]]:
    """Several breakdowns of the same rows, as `breakdown` gives each: one query for all of a team's.

    Without `sparks` lines have no `days`.
    """
    found: dict[By, list[Line]] = {}
    for group in _groups(scope, filters, bys):
        found |= _lines(scope, filters, group, sparks=sparks)
    return {by: found[by] for by in bys}


def _groups(scope: CostScope, filters: CostFilters, bys: Sequence[By]) -> list[list[By]]:
    """What is read together: everything of a team; of the whole organisation what stands in one small table."""
    tables: dict[str | None, list[By]] = {}
    for by in dict.fromkeys(bys):
        tables.setdefault(small_table(scope, filters, (by,)), []).append(by)
    together = None in tables and sees_teams(scope, filters) is not None
    return [list(dict.fromkeys(bys))] if together else list(tables.values())


def _lines(scope: CostScope, filters: CostFilters, bys: list[By], *, sparks: bool) -> dict[By, list[Line]]:
    now: dict[tuple[By, str], tuple[date | None, Sums]] = {}
    before: dict[tuple[By, str], Sums] = {}
    days: dict[tuple[By, str], list[Decimal]] = {}
    last = _last_days(filters.period)
    for by, is_now, day, value, latest, sums in _rows(scope, filters, bys, last if sparks else None):
        if day is not None:
            days.setdefault((by, value), [ZERO] * last.days)[(day - last.first).days] = sums[
                MEASURES.index("cost")
            ]
        elif is_now:
            now[by, value] = latest, Sums(*sums)
        else:
            before[by, value] = Sums(*sums)
    return {by: _sorted(scope, filters, by, now, before, days) for by in bys}


def _rows(
    scope: CostScope, filters: CostFilters, bys: list[By], last: Period | None
) -> Iterator[tuple[By, bool, date | None, str, date | None, tuple[Any, ...]]]:
    past, names = filters.period.before, [f'"{by.value}"' for by in bys]
    rows = narrowed(scope, filters, bys=bys, period=Period(past.first, filters.period.after))
    whens = " ".join(f"WHEN grouping({name}) = 0 THEN {n}" for n, name in enumerate(names))
    first = filters.period.first
    found = rows.ask(
        _SELECT + _DAYS if last else _SELECT,
        [first, first, past.after, *([last.first] if last else [])],
        names=", ".join(names),
        told=f"CASE {whens} END",
        values=f"coalesce({', '.join(names)})",
        sets=", ".join(f"(now, {name})" for name in names),
        day_sets=", ".join(f"(day, {name})" for name in names),
        nothing=", ".join("0" for name in MEASURES if not name.endswith("cost")),
    )
    return (
        (bys[told], is_now, day, value, latest, tuple(sums))
        for told, is_now, day, value, latest, *sums in found
    )


def _sorted(
    scope: CostScope,
    filters: CostFilters,
    by: By,
    now: dict[tuple[By, str], tuple[date | None, Sums]],
    before: dict[tuple[By, str], Sums],
    days: dict[tuple[By, str], list[Decimal]],
) -> list[Line]:
    spare = unused_by(scope, filters, by)
    values = {value for told, value in (*now, *before) if told is by} | set(spare)
    images = _images(scope, filters, values) if by is By.VERSION else {}
    rates = _rates(filters, values) if by is By.GPU_TYPE else {}
    lines = []
    for value in values:
        latest, sums = now.get((by, value), (None, Sums()))
        left = spare.get(value, Unused())
        lines.append(
            Line(
                value, sums, before.get((by, value), Sums()), left.ms, left.cost, tuple(days.get((by, value), ())),
                latest, rates.get(value), images.get(value, ""),
            )
        )  # fmt: skip
    return sorted(lines, key=lambda one: (-one.sums.idle_cost, -one.sums.cost, one.value))


def _last_days(period: Period) -> Period:
    return Period(max(period.first, period.after - timedelta(days=SPARK_DAYS)), period.after)


def _rates(filters: CostFilters, gpu_types: set[str]) -> dict[str, Decimal]:
    """The price of each type where there is one only, whatever the cluster, class and day of the period."""
    prices: dict[str, set[Decimal | None]] = {}
    running: dict[tuple[str, str, str], Decimal | None] = {}
    for row in sorted(rate_rows(), key=lambda one: (one.from_day, one.revision)):
        if row.gpu_type not in gpu_types or row.from_day >= filters.period.after:
            continue
        key = (row.gpu_type, row.cluster, row.pricing_class)
        if row.from_day > filters.period.first:
            prices.setdefault(row.gpu_type, set()).add(running.get(key, row.price))
        running[key] = row.price
    for (gpu_type, _, _), price in running.items():
        prices.setdefault(gpu_type, set()).add(price)
    return {
        one: price
        for one, found in prices.items()
        for price in found
        if len(found) == 1 and price is not None
    }


def _images(scope: CostScope, filters: CostFilters, digests: set[str]) -> dict[str, str]:
    teams = sees_teams(scope, filters)
    found = ask(
        "SELECT digest, (SELECT image FROM costs_usagekey k WHERE k.digest = v.digest"
        " AND (%s OR k.team = ANY(%s) OR k.person = %s) ORDER BY id DESC LIMIT 1) FROM unnest(%s::text[]) v(digest)",
        [teams is None, list(teams or ()), scope.person, sorted(digests - {""})],
    )
    return {digest: image or "" for digest, image in found}
