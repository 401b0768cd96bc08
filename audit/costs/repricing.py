"""Rows by today's rate card: those whose price is no longer the one they have, and what they would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from audit.costs.cards import use_card, used_triples
from audit.costs.known_days import Days
from audit.costs.pricing import RateCard

_FROM = """
    FROM costs_usage u JOIN costs_usagekey k ON k.id = u.key_id
    JOIN costs_card c USING (gpu_type, cluster, pricing_class)
    WHERE u.day >= c.first AND u.day < c.after AND u.day BETWEEN %(first)s AND %(last)s
        AND u.rate IS DISTINCT FROM c.price
"""
_EFFECT = f"""
    SELECT u.day, k.team, count(*), sum(u.cost), sum(costs_money(u.held_ms, c.micros)),
        coalesce(sum(u.held_ms) FILTER (WHERE u.rate IS NULL), 0)::bigint,
        coalesce(sum(u.held_ms) FILTER (WHERE c.price IS NULL), 0)::bigint
    {_FROM} GROUP BY u.day, k.team
"""
_HOURS = f"SELECT DISTINCT date_trunc('hour', u.start, 'UTC') {_FROM}"
_CAPACITY_DAYS = """
    SELECT DISTINCT u.day FROM costs_capacity u JOIN costs_card c USING (gpu_type, cluster, pricing_class)
    WHERE u.day >= c.first AND u.day < c.after AND u.day BETWEEN %(first)s AND %(last)s
        AND u.rate IS DISTINCT FROM c.price
"""
_ROWS = """
    UPDATE costs_usage u SET rate = c.price, cost = costs_money(u.held_ms, c.micros),
        idle_cost = costs_money(u.measured_ms - u.active_ms, c.micros),
        measured_cost = costs_money(u.measured_ms, c.micros),
        unpriced_ms = CASE WHEN c.price IS NULL THEN u.held_ms ELSE 0 END
    FROM costs_usagekey k JOIN costs_card c USING (gpu_type, cluster, pricing_class)
    WHERE k.id = u.key_id AND u.day >= c.first AND u.day < c.after AND u.day BETWEEN %(first)s AND %(last)s
        AND u.rate IS DISTINCT FROM c.price
"""
_CAPACITY = """
    UPDATE costs_capacity u SET rate = c.price, cost = costs_money(u.provisioned_ms, c.micros)
    FROM costs_card c
    WHERE c.gpu_type = u.gpu_type AND c.cluster = u.cluster AND c.pricing_class = u.pricing_class
        AND u.day >= c.first AND u.day < c.after AND u.day BETWEEN %(first)s AND %(last)s
        AND u.rate IS DISTINCT FROM c.price
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """What other prices do to one team's rows of one day."""

    day: date
    team: str
    rows: int
    before: Decimal
    after: Decimal
    priced_ms: int
    unpriced_ms: int


def lay_out(card: RateCard, days: Days, *, gpu_types: Sequence[str] = ()) -> None:
    """Make the table of prices of these days for what was used or provisioned; no types named: of all."""
    triples = used_triples(days.first, days.last)
    chosen = {one for one in triples if one[0] in gpu_types} if gpu_types else triples
    use_card(card, chosen, first=days.first, last=days.last)


def effects(days: Days) -> list[Effect]:
    """What the prices laid out would change, for each team and day. Reads only."""
    return [Effect(*row) for row in _rows(_EFFECT, days)]


def mispriced_hours(days: Days) -> list[datetime]:
    """The UTC hours with rows whose price is not the one laid out."""
    return sorted(hour for (hour,) in _rows(_HOURS, days))


def mispriced_capacity_days(days: Days) -> list[date]:
    """The days on which the price of something provisioned is not the one laid out."""
    return sorted(day for (day,) in _rows(_CAPACITY_DAYS, days))


def reprice(days: Days) -> None:
    """Give every row of usage and capacity the price laid out. The sums are no longer those of the rows then."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, _bounds(days))
        cursor.execute(_CAPACITY, _bounds(days))


def _rows(statement: str, days: Days) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _bounds(days))
        return list(cursor.fetchall())


def _bounds(days: Days) -> dict[str, date]:
    return {"first": days.first, "last": days.last}
