"""Sums from rows: those of the hours and days that changed are dropped and added up again, always from the rows."""

from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from typing import Any

from django.db import connection

from audit.costs.capacity_days import rebuild_capacity_days
from audit.costs.stretches import Stretch
from audit.costs.wholes import rebuild_whole_days

MEASURES = (
    "held_ms",
    "measured_ms",
    "active_ms",
    "busy_ms",
    "unpriced_ms",
    "cost",
    "idle_cost",
    "measured_cost",
)
_NAMES = ", ".join(MEASURES)


def _sums(table: str) -> str:
    return ", ".join(f"sum({table}.{name})" for name in MEASURES)


_DROP_HOURS = "DELETE FROM costs_hourtotal WHERE day = ANY(%(days)s) AND hour = ANY(%(hours)s)"
_HOURS = f"""
    INSERT INTO costs_hourtotal (day, hour, key_id, {_NAMES})
    SELECT u.day, date_trunc('hour', u.start, 'UTC'), u.key_id, {_sums("u")}
    FROM costs_usage u
    WHERE u.day BETWEEN %(first_day)s AND %(last_day)s AND u.start >= %(low)s AND u.start < %(high)s
        AND date_trunc('hour', u.start, 'UTC') = ANY(%(hours)s)
    GROUP BY 1, 2, 3
"""  # noqa: S608 - names of our own columns
_DROP_DAYS = "DELETE FROM costs_daytotal WHERE day = ANY(%(days)s)"
# In the order of teams: the rows of a team's day lie side by side, on one page instead of on fifty.
_DAYS = f"""
    INSERT INTO costs_daytotal (day, key_id, team, {_NAMES})
    SELECT h.day, h.key_id, k.team, {_sums("h")}
    FROM costs_hourtotal h JOIN costs_usagekey k ON k.id = h.key_id
    WHERE h.day = ANY(%(days)s)
    GROUP BY h.day, h.key_id, k.team
    ORDER BY h.day, k.team, h.key_id
"""  # noqa: S608
_DROP_TEAMS = "DELETE FROM costs_teamday WHERE day = ANY(%(days)s)"
_TEAMS = f"""
    INSERT INTO costs_teamday (day, team, gpu_type, cluster, pricing_class, {_NAMES})
    SELECT d.day, k.team, k.gpu_type, k.cluster, k.pricing_class, {_sums("d")}
    FROM costs_daytotal d JOIN costs_usagekey k ON k.id = d.key_id
    WHERE d.day = ANY(%(days)s)
    GROUP BY d.day, k.team, k.gpu_type, k.cluster, k.pricing_class
"""  # noqa: S608


def rebuild(stretches: Sequence[Stretch], zone: tzinfo) -> None:
    """Add up these hours again from the rows, and their days from the hours. Part of a transaction.

    The months are held (locks.hold_months), and rows are priced and enriched.
    """
    for one in stretches:
        _run((_DROP_HOURS, _HOURS), one.parameters)
    rebuild_days(sorted({day for one in stretches for day in one.days}), zone)


def rebuild_days(days: Sequence[date], zone: tzinfo) -> None:
    """Add up these days again from their hours: of keys, of teams, of capacity and of reservations."""
    if days:
        _run((_DROP_DAYS, _DAYS, _DROP_TEAMS, _TEAMS), {"days": list(days)})
        rebuild_whole_days(days)
        rebuild_capacity_days(days, zone)


def _run(statements: Iterable[str], parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, parameters)
