"""Whose reservation reserved use belongs to: their team's own first, then any other of that cluster and type."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from audit.costs.models import UsageKey
from audit.costs.records import PricingClass
from audit.costs.stretches import Stretch
from audit.costs.variants import make_wanted, number_variants

_WANTED = """
    CREATE TEMP TABLE costs_wanted ON COMMIT DROP AS
    WITH kinds AS (
        SELECT DISTINCT u.day, u.key_id, coalesce(u.base_id, u.key_id) AS base_id
        FROM costs_usage u JOIN costs_usagekey k ON k.id = u.key_id
        WHERE u.day BETWEEN %(first_day)s AND %(last_day)s AND u.start >= %(low)s AND u.start < %(high)s
            AND k.pricing_class = 'reserved'
    )
    SELECT kinds.day, kinds.key_id, kinds.base_id, k.metric, coalesce(r.name, '') AS reservation
    FROM kinds JOIN costs_usagekey k ON k.id = kinds.key_id
    LEFT JOIN LATERAL (
        SELECT name FROM costs_reservation r
        WHERE r.cluster = k.cluster AND r.gpu_type = k.gpu_type AND r.starts <= kinds.day
            AND (r.ends IS NULL OR kinds.day < r.ends)
        ORDER BY r.team = k.team DESC, r.name LIMIT 1
    ) r ON true
    WHERE k.reservation <> coalesce(r.name, '')
"""
_MOVE = """
    WITH moved AS (UPDATE costs_usage u SET key_id = v.id, base_id = nullif(w.base_id, v.id)
    FROM costs_wanted w JOIN costs_variant v USING (base_id, metric, reservation)
    WHERE u.day BETWEEN %(first_day)s AND %(last_day)s AND u.start >= %(low)s AND u.start < %(high)s
        AND u.day = w.day AND u.key_id = w.key_id
    RETURNING u.start)
    SELECT DISTINCT date_trunc('hour', start, 'UTC') FROM moved
"""


def assign_reservations(stretches: Iterable[Stretch]) -> set[datetime]:
    """Write into the keys of reserved rows which reservation they use; returns the hours that have changed.

    Part of a transaction, before the sums.
    """
    moved: set[datetime] = set()
    if not UsageKey.objects.filter(pricing_class=PricingClass.RESERVED).exists():
        return moved
    for one in stretches:
        if make_wanted(_WANTED, one.parameters):
            number_variants()
            with connection.cursor() as cursor:
                cursor.execute(_MOVE, one.parameters)
                moved |= {hour for (hour,) in cursor.fetchall()}
    return moved
