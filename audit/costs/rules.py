"""The rules that figures must keep, as questions to the database: each answers with what breaks it.

Every statement takes the days `%(days)s` and gives day, subject, and a JSON object with amounts as text.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from audit.costs.rebuild import MEASURES
from audit.costs.splitting import hours_of
from audit.costs.wholes import WHOLES

MOST_OF_ONE_KIND = 50
"""Of one rule and day so many are listed; they have one cause, mostly."""
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
_ALL = ", ".join(MEASURES)


def _unlike(kept: str, raw: str) -> str:
    return f"""
        SELECT day, {{subject}}, jsonb_build_object('rows', count(*),
            'kept', coalesce(sum(k.cost), 0)::text, 'raw', coalesce(sum(r.cost), 0)::text,
            'kept_ms', coalesce(sum(k.held_ms), 0)::text, 'raw_ms', coalesce(sum(r.held_ms), 0)::text)
        FROM ({kept}) k FULL JOIN ({raw}) r USING ({{by}})
        WHERE ({", ".join(f"k.{name}" for name in MEASURES)})
            IS DISTINCT FROM ({", ".join(f"r.{name}" for name in MEASURES)})
        GROUP BY day
    """  # noqa: S608 - pieces of our own


_RAW_HOURS = f"""
    SELECT day, date_trunc('hour', start, 'UTC') AS hour, key_id, {_SUMS}
    FROM costs_usage WHERE day = ANY(%(days)s) GROUP BY 1, 2, 3
"""  # noqa: S608 - names of our own columns, here and below
_KEPT_HOURS = f"SELECT day, hour, key_id, {_ALL} FROM costs_hourtotal WHERE day = ANY(%(days)s)"  # noqa: S608
_HOURS = _unlike(_KEPT_HOURS, _RAW_HOURS)
_RAW_DAYS = f"SELECT day, key_id, {_SUMS} FROM costs_usage WHERE day = ANY(%(days)s) GROUP BY 1, 2"  # noqa: S608
_KEPT_DAYS = f"SELECT day, key_id, {_ALL} FROM costs_daytotal WHERE day = ANY(%(days)s)"  # noqa: S608
_DAYS = _unlike(_KEPT_DAYS, _RAW_DAYS)
_TEAM_DAY = "team, gpu_type, cluster, pricing_class"
_NEGATIVE = f"""
    SELECT day, 'costs_usage', jsonb_build_object('rows', count(*), 'example', min(id)::text)
    FROM costs_usage WHERE day = ANY(%(days)s) AND (
        least({_ALL}) < 0 OR measured_ms > held_ms OR active_ms > measured_ms OR busy_ms > measured_ms
        OR unpriced_ms > held_ms OR idle_cost > measured_cost OR measured_cost > cost
    ) GROUP BY day
    UNION ALL
    SELECT day, concat_ws('/', 'capacity', cluster, gpu_type, pricing_class), jsonb_build_object('rows', 1)
    FROM costs_capacityday WHERE day = ANY(%(days)s) AND least(provisioned_ms, held_ms, unused_ms, unallocated_ms,
        over_ms, unknown_ms, capacity_cost, direct_cost, unused_cost, unallocated_cost, over_cost, unknown_cost) < 0
    UNION ALL
    SELECT day, concat_ws('/', 'reservation', reservation), jsonb_build_object('rows', 1)
    FROM costs_reservationday WHERE day = ANY(%(days)s) AND least(reserved_ms, held_ms, unused_ms, unused_cost) < 0
"""  # noqa: S608
_GPUS = """
    WITH steps AS (
        SELECT u.day, p.cluster, p.node, p.gpu, step.at, sum(step.gpus) AS gpus
        FROM costs_usage u JOIN costs_usageplace p ON p.id = u.place_id
        CROSS JOIN LATERAL (VALUES (u.start, u.gpus), (u.start + u.seconds * interval '1 second', -u.gpus))
            AS step(at, gpus)
        WHERE u.day = ANY(%(days)s) AND p.gpu <> ''
        GROUP BY 1, 2, 3, 4, 5
    ), levels AS (
        SELECT day, cluster, gpu, at,
            sum(gpus) OVER (PARTITION BY day, cluster, gpu ORDER BY at) AS level
        FROM (SELECT day, cluster, gpu, at, sum(gpus) AS gpus FROM steps GROUP BY 1, 2, 3, 4) s
    )
    SELECT day, cluster || '/' || gpu, jsonb_build_object('most', max(level)::text, 'at', min(at)::text)
    FROM levels WHERE level > 1 GROUP BY day, cluster, gpu ORDER BY day, max(level) DESC
"""
_OVER = """
    SELECT day, concat_ws('/', cluster, gpu_type, pricing_class), jsonb_build_object(
        'over_ms', over_ms::text, 'held_ms', held_ms::text, 'provisioned_ms', provisioned_ms::text)
    FROM costs_capacityday WHERE day = ANY(%(days)s) AND over_ms > 0 ORDER BY over_ms DESC
"""
_PARTS = """
    SELECT day, concat_ws('/', cluster, gpu_type, pricing_class), jsonb_build_object('difference',
        (capacity_cost - direct_cost - unused_cost - unallocated_cost + over_cost)::text)
    FROM costs_capacityday WHERE day = ANY(%(days)s)
        AND capacity_cost <> direct_cost + unused_cost + unallocated_cost - over_cost
    UNION ALL
    SELECT day, '', jsonb_build_object('difference', (sum(inside) - sum(outside))::text) FROM (
        SELECT day, direct_cost + unused_cost + unknown_cost AS inside, 0 AS outside FROM costs_capacityday
        WHERE day = ANY(%(days)s)
        UNION ALL SELECT day, 0, cost FROM costs_teamday WHERE day = ANY(%(days)s)
        UNION ALL SELECT day, 0, unused_cost FROM costs_reservationday WHERE day = ANY(%(days)s)
    ) both_sides GROUP BY day HAVING sum(inside) <> sum(outside)
"""
_MISSING = """
    SELECT c.day, concat_ws('/', s.key, known.facts), jsonb_build_object('hours', count(*), 'first', min(c.hour)::text)
    FROM (SELECT source_id, facts, min(start) AS first FROM costs_slice WHERE facts <> 'bill' GROUP BY 1, 2) known
    JOIN costs_source s ON s.id = known.source_id
    JOIN unnest(%(cell_days)s::date[], %(cell_hours)s::timestamptz[]) AS c(day, hour)
        ON c.hour >= known.first AND c.hour < s.complete_through
    LEFT JOIN costs_slice sl ON sl.source_id = s.id AND sl.facts = known.facts AND sl.start = c.hour
    WHERE sl.id IS NULL GROUP BY c.day, s.key, known.facts
"""


def _whole(table: str, by: str) -> str:
    kept = f"SELECT day, {by}, {_ALL} FROM {table} WHERE day = ANY(%(days)s)"  # noqa: S608
    raw = f"""
        SELECT day, {by}, {_SUMS} FROM costs_usage JOIN costs_usagekey k ON k.id = key_id
        WHERE day = ANY(%(days)s) GROUP BY day, {by}
    """  # noqa: S608
    return _unlike(kept, raw).format(subject=f"'{table}'", by=f"day, {by}")


STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "totals": (
        _HOURS.format(subject="'costs_hourtotal'", by="day, hour, key_id"),
        _DAYS.format(subject="'costs_daytotal'", by="day, key_id"),
        *(_whole(table, by) for table, by in {"costs_teamday": _TEAM_DAY, **WHOLES}.items()),
    ),
    "negative": (_NEGATIVE,),
    "gpu_shared_beyond_one": (_GPUS,),
    "held_beyond_capacity": (_OVER,),
    "reconciliation": (_PARTS,),
    "missing_hours": (_MISSING,),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one day breaks, where, and by how much."""

    kind: str
    day: date
    subject: str
    detail: dict[str, Any]


def broken(days: list[date]) -> Iterator[Finding]:
    """What the figures of these days break. Reads only; the days belong to one month, for the memory's sake."""
    parameters = {"days": days, **_cells(days)}
    for kind, statements in STATEMENTS.items():
        for statement in statements:
            yield from _few(kind, statement, parameters)


def _few(kind: str, statement: str, parameters: Mapping[str, Any]) -> Iterable[Finding]:
    listed: dict[date, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for day, subject, detail in cursor.fetchall():
            listed[day] = listed.get(day, 0) + 1
            if listed[day] <= MOST_OF_ONE_KIND:
                yield Finding(kind, day, subject[:300], json.loads(detail))


def _cells(days: list[date]) -> dict[str, list[date] | list[datetime]]:
    zone = timezone.get_default_timezone()
    cells = [cell for day in days for cell in hours_of(day, zone)]
    return {"cell_days": [cell.day for cell in cells], "cell_hours": [cell.hour for cell in cells]}
