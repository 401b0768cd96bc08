"""Activity of rows from windows of ten minutes, whichever of the two came first.

A window is about one GPU of one workload, about a workload, or about a GPU; of those that fit a row the most
exact kind counts, and within it the mean. Where none fits, what came with the record itself counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from audit.costs.settings import cost_settings
from audit.costs.stretches import Stretch
from audit.costs.variants import make_wanted, number_variants

_HOURS_WITH_WINDOWS = """
    SELECT hour FROM unnest(%(hours)s::timestamptz[]) AS h(hour) WHERE EXISTS (
        SELECT 1 FROM costs_slice s WHERE s.facts = 'activity' AND s.start = hour AND s.rows > 0)
"""
_WANTED = """
    CREATE TEMP TABLE costs_wanted ON COMMIT DROP AS
    WITH held AS (
        SELECT u.day, u.id, u.start, u.start + u.seconds * interval '1 second' AS "end", u.gpus, u.held_ms,
            u.given_activity, u.given_active_ms, coalesce(u.base_id, u.key_id) AS base_id, k.reservation,
            b.metric AS base_metric, date_trunc('hour', u.start, 'UTC') AS hour,
            p.cluster, p.namespace, p.workload, p.gpu
        FROM costs_usage u
        JOIN costs_usageplace p ON p.id = u.place_id
        JOIN costs_usagekey k ON k.id = u.key_id
        JOIN costs_usagekey b ON b.id = coalesce(u.base_id, u.key_id)
        WHERE u.day BETWEEN %(first_day)s AND %(last_day)s AND u.start >= %(low)s AND u.start < %(high)s
            AND date_trunc('hour', u.start, 'UTC') = ANY(%(hours)s)
    ), windows AS (
        SELECT w.start, date_trunc('hour', w.start, 'UTC') AS hour, w.activity, w.metric,
            p.cluster, p.namespace, p.workload, p.gpu
        FROM costs_activitywindow w JOIN costs_usageplace p ON p.id = w.place_id
        WHERE w.day BETWEEN %(first_utc)s AND %(last_utc)s AND w.start >= %(low)s AND w.start < %(high)s
            AND date_trunc('hour', w.start, 'UTC') = ANY(%(hours)s)
    ), fits AS (
        SELECT h.id, w.start, w.activity, w.metric, CASE WHEN h.gpu <> '' AND w.gpu = h.gpu THEN 1 ELSE 2 END AS kind,
            h.gpu = '' AND w.gpu <> '' AS one_of_several
        FROM held h JOIN windows w USING (hour, cluster, namespace, workload)
        WHERE h.workload <> '' AND (w.gpu = h.gpu OR w.gpu = '' OR h.gpu = '')
            AND w.start < h."end" AND w.start + interval '10 minutes' > h.start
        UNION ALL
        SELECT h.id, w.start, w.activity, w.metric, 3, false
        FROM held h JOIN windows w USING (hour, cluster, gpu)
        WHERE h.gpu <> '' AND w.workload = ''
            AND w.start < h."end" AND w.start + interval '10 minutes' > h.start
    ), best AS (
        SELECT *, rank() OVER (PARTITION BY id, start ORDER BY kind) AS place FROM fits
    ), means AS (
        SELECT id, start, sum(activity) AS activity, count(*) FILTER (WHERE activity >= %(threshold)s) AS active,
            count(*) AS windows, CASE WHEN bool_or(one_of_several) THEN count(*) END AS gpus_seen, min(metric) AS metric
        FROM best WHERE place = 1 GROUP BY id, start
    ), parts AS (
        SELECT h.id, m.metric, m.activity, m.active, m.windows, least(h.gpus, coalesce(m.gpus_seen, h.gpus)) * (
                extract(epoch FROM least(h."end", m.start + interval '10 minutes') - greatest(h.start, m.start)) * 1000
            ) AS seen_ms
        FROM held h JOIN means m USING (id)
    ), seen AS (
        SELECT id, mode() WITHIN GROUP (ORDER BY metric) AS metric, floor(sum(seen_ms))::bigint AS measured_ms,
            floor(sum(seen_ms * active / windows))::bigint AS active_ms,
            floor(sum(seen_ms * activity / windows))::bigint AS busy_ms
        FROM parts GROUP BY id
    )
    SELECT h.day, h.id, h.base_id, h.reservation, coalesce(s.metric, h.base_metric) AS metric,
        CASE WHEN s.id IS NOT NULL THEN s.measured_ms WHEN h.given_activity IS NULL THEN 0 ELSE h.held_ms END
            AS measured_ms,
        CASE WHEN s.id IS NOT NULL THEN s.active_ms ELSE coalesce(floor(h.gpus * h.given_active_ms), 0)::bigint END
            AS active_ms,
        CASE WHEN s.id IS NOT NULL THEN s.busy_ms ELSE coalesce(floor(h.held_ms * h.given_activity), 0)::bigint END
            AS busy_ms
    FROM held h LEFT JOIN seen s USING (id)
"""
_WRITE = """
    UPDATE costs_usage u SET key_id = v.id, base_id = nullif(w.base_id, v.id), measured_ms = w.measured_ms,
        active_ms = w.active_ms, busy_ms = w.busy_ms,
        idle_cost = costs_money(w.measured_ms - w.active_ms, (u.rate * 1000000)::bigint),
        measured_cost = costs_money(w.measured_ms, (u.rate * 1000000)::bigint)
    FROM costs_wanted w JOIN costs_variant v USING (base_id, metric, reservation)
    WHERE u.day BETWEEN %(first_day)s AND %(last_day)s AND u.start >= %(low)s AND u.start < %(high)s
        AND u.day = w.day AND u.id = w.id
        AND (u.key_id, u.measured_ms, u.active_ms, u.busy_ms)
            IS DISTINCT FROM (v.id, w.measured_ms, w.active_ms, w.busy_ms)
"""


def enrich(stretches: Iterable[Stretch]) -> None:
    """Derive what these hours' rows know of activity, from their windows. Part of a transaction, before the sums."""
    threshold = cost_settings().active_threshold
    for one in stretches:
        parameters: dict[str, Any] = {**one.parameters, "threshold": threshold}
        parameters |= {"first_utc": one.hours[0].date(), "last_utc": one.hours[-1].date()}
        if make_wanted(_WANTED, parameters):
            number_variants()
            with connection.cursor() as cursor:
                cursor.execute(_WRITE, parameters)


def hours_with_windows(hours: list[datetime]) -> set[datetime]:
    """Those of the hours of which any activity was brought."""
    with connection.cursor() as cursor:
        cursor.execute(_HOURS_WITH_WINDOWS, {"hours": hours})
        return {hour for (hour,) in cursor.fetchall()}
