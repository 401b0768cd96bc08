"""What became of what was provisioned and of what was reserved, hour by hour, kept for each day.

Only hours that a source has spoken of count: a silent source leaves capacity unknown and reservations uncounted.
"""

from collections.abc import Sequence
from datetime import date, tzinfo
from typing import Any

from django.db import connection

from audit.costs.cards import rate_card, use_card
from audit.costs.models import Reservation
from audit.costs.records import PricingClass
from audit.costs.splitting import hours_of

_CELLS = "CREATE TEMP TABLE costs_cell (day date, hour timestamptz, ms bigint) ON COMMIT DROP"
_FILL_CELLS = "INSERT INTO costs_cell SELECT * FROM unnest(%s::date[], %s::timestamptz[], %s::bigint[])"
_SPOKEN = """
    SELECT DISTINCT c.cluster, s.start AS hour
    FROM costs_clusterclaim c JOIN costs_slice s ON s.source_id = c.source_id AND s.facts = c.facts
    WHERE c.facts = '{facts}' AND s.start >= (SELECT min(hour) FROM costs_cell)
        AND s.start <= (SELECT max(hour) FROM costs_cell)
"""
_UNUSED = f"""
    CREATE TEMP TABLE costs_unused ON COMMIT DROP AS
    WITH spoken AS ({_SPOKEN.format(facts="usage")}), held AS (
        SELECT h.day, h.hour, k.reservation, sum(h.held_ms)::bigint AS held_ms
        FROM costs_hourtotal h JOIN costs_usagekey k ON k.id = h.key_id
        WHERE h.day = ANY(%(days)s) AND k.reservation <> '' GROUP BY 1, 2, 3
    )
    SELECT c.day, c.hour, r.name AS reservation, r.team, r.cluster, r.gpu_type, r.gpus * c.ms AS reserved_ms,
        coalesce(h.held_ms, 0) AS held_ms, greatest(0, r.gpus * c.ms - coalesce(h.held_ms, 0)) AS unused_ms,
        costs_money(greatest(0, r.gpus * c.ms - coalesce(h.held_ms, 0)), p.micros) AS unused_cost
    FROM costs_reservation r
    JOIN costs_cell c ON c.day >= r.starts AND (r.ends IS NULL OR c.day < r.ends)
    JOIN spoken ON spoken.cluster = r.cluster AND spoken.hour = c.hour
    LEFT JOIN held h ON h.day = c.day AND h.hour = c.hour AND h.reservation = r.name
    LEFT JOIN costs_card p ON p.gpu_type = r.gpu_type AND p.cluster = r.cluster AND p.pricing_class = 'reserved'
        AND c.day >= p.first AND c.day < p.after
"""  # noqa: S608 - pieces of our own
_RESERVATION_DAYS = """
    INSERT INTO costs_reservationday (day, reservation, team, cluster, gpu_type, reserved_ms, held_ms, unused_ms,
        unused_cost)
    SELECT day, reservation, team, cluster, gpu_type, sum(reserved_ms), sum(held_ms), sum(unused_ms),
        sum(unused_cost)
    FROM costs_unused GROUP BY 1, 2, 3, 4, 5
"""
_CAPACITY_DAYS = f"""
    INSERT INTO costs_capacityday (day, cluster, gpu_type, pricing_class, provisioned_ms, held_ms, unused_ms,
        unallocated_ms, over_ms, capacity_cost, direct_cost, unused_cost, unallocated_cost, over_cost, unknown_ms,
        unknown_cost)
    WITH spoken AS ({_SPOKEN.format(facts="capacity")}), parts AS (
        SELECT day, hour, cluster, gpu_type, pricing_class, provisioned_ms AS p, cost AS pc, 0 AS h, 0 AS hc,
            0 AS u, 0 AS uc
        FROM costs_capacity WHERE day = ANY(%(days)s)
        UNION ALL
        SELECT h.day, h.hour, k.cluster, k.gpu_type, k.pricing_class, 0, 0, h.held_ms, h.cost, 0, 0
        FROM costs_hourtotal h JOIN costs_usagekey k ON k.id = h.key_id WHERE h.day = ANY(%(days)s)
        UNION ALL
        SELECT day, hour, cluster, gpu_type, 'reserved', 0, 0, 0, 0, unused_ms, unused_cost FROM costs_unused
    ), hours AS (
        SELECT day, hour, cluster, gpu_type, pricing_class, sum(p) AS p, sum(pc) AS pc, sum(h) AS h,
            sum(hc) AS hc, sum(u) AS u, sum(uc) AS uc
        FROM parts GROUP BY 1, 2, 3, 4, 5
    ), known AS (
        SELECT hours.*, spoken.hour IS NOT NULL AS is_known
        FROM hours LEFT JOIN spoken ON spoken.cluster = hours.cluster AND spoken.hour = hours.hour
    )
    SELECT day, cluster, gpu_type, pricing_class,
        {{p}}, {{h}}, {{u}}, {{free}}, {{over}}, {{pc}}, {{hc}}, {{uc}}, {{free_cost}}, {{over_cost}},
        coalesce(sum(h + u) FILTER (WHERE NOT is_known), 0), coalesce(sum(hc + uc) FILTER (WHERE NOT is_known), 0)
    FROM known GROUP BY 1, 2, 3, 4
"""  # noqa: S608


def _known(expression: str) -> str:
    return f"coalesce(sum({expression}) FILTER (WHERE is_known), 0)"


_STATEMENTS = (
    _UNUSED,
    "DELETE FROM costs_reservationday WHERE day = ANY(%(days)s)",
    _RESERVATION_DAYS,
    "DELETE FROM costs_capacityday WHERE day = ANY(%(days)s)",
    _CAPACITY_DAYS.format(
        **{name: _known(name) for name in ("p", "h", "u", "pc", "hc", "uc")},
        free=_known("greatest(0, p - h - u)"),
        over=_known("greatest(0, h + u - p)"),
        free_cost=_known("greatest(0, pc - hc - uc)"),
        over_cost=_known("greatest(0, hc + uc - pc)"),
    ),
)


def rebuild_capacity_days(days: Sequence[date], zone: tzinfo) -> None:
    """Add up capacity and reservations of these days again, from the hours. Part of a transaction."""
    _use_reserved_prices(days)
    cells = [cell for day in days for cell in hours_of(day, zone)]
    columns: list[list[Any]] = [
        [cell.day for cell in cells],
        [cell.hour for cell in cells],
        [cell.ms for cell in cells],
    ]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.costs_cell, pg_temp.costs_unused")
        cursor.execute(_CELLS)
        cursor.execute(_FILL_CELLS, columns)
        for statement in _STATEMENTS:
            cursor.execute(statement, {"days": list(days)})


def _use_reserved_prices(days: Sequence[date]) -> None:
    first, last = min(days), max(days)
    running = Reservation.objects.filter(starts__lte=last).exclude(ends__lte=first)
    places = running.values_list("gpu_type", "cluster")
    triples = [(gpu_type, cluster, PricingClass.RESERVED.value) for gpu_type, cluster in places]
    use_card(rate_card(), triples, first=first, last=last)
