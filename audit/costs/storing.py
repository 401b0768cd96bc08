"""Writing slices: staged by COPY, then set by set; no statement is sent for one row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection
from psycopg import sql

from audit.costs.dimensions import KEY_FIELDS, PLACE_FIELDS, Dimensions, Dims
from audit.costs.models import Load, Slice, Source
from audit.costs.preparing import Draft
from audit.costs.records import Facts

_NAMES = sql.SQL(", ").join
KEYS = _NAMES(map(sql.Identifier, KEY_FIELDS))
PLACES = _NAMES(map(sql.Identifier, PLACE_FIELDS))

_NEW_KEYS = sql.SQL("""
    INSERT INTO {table} (hash, {names})
    SELECT DISTINCT ON (hash) hash, {names} FROM {staged} ORDER BY hash
    ON CONFLICT (hash) DO NOTHING
""")
_NUMBERED = sql.SQL("UPDATE {staged} s SET id = t.id FROM {table} t WHERE t.hash = s.hash")

_USAGE = """
    INSERT INTO costs_usage (
        day, start, seconds, slice_id, key_id, place_id, gpus, given_activity, given_active_ms, rate, held_ms,
        measured_ms, active_ms, busy_ms, unpriced_ms, cost, idle_cost, measured_cost)
    SELECT s.day, s.start, s.ms / 1000.0, sl.id, k.id, p.id, s.gpus, s.given_activity, s.given_active_ms, k.price,
        s.held_ms, s.measured_ms, s.active_ms, s.busy_ms, CASE WHEN k.price IS NULL THEN s.held_ms ELSE 0 END,
        costs_money(s.held_ms, k.micros), costs_money(s.measured_ms - s.active_ms, k.micros),
        costs_money(s.measured_ms, k.micros)
    FROM costs_stage s
    JOIN costs_stage_slice sl ON sl.start = date_trunc('hour', s.start, 'UTC')
    JOIN costs_stage_place p ON p.ref = s.place_ref
    JOIN (
        SELECT t.ref, t.id, c.first, c.after, c.price, c.micros
        FROM costs_stage_key t JOIN costs_card c USING (gpu_type, cluster, pricing_class)
    ) k ON k.ref = s.key_ref AND s.day >= k.first AND s.day < k.after
"""
_ACTIVITY = """
    INSERT INTO costs_activitywindow (day, start, slice_id, place_id, activity, metric, memory_used)
    SELECT s.day, s.start, sl.id, p.id, s.activity, s.metric, s.memory_used
    FROM costs_stage s
    JOIN costs_stage_slice sl ON sl.start = date_trunc('hour', s.start, 'UTC')
    JOIN costs_stage_place p ON p.ref = s.place_ref
"""
_CAPACITY = """
    INSERT INTO costs_capacity (day, hour, slice_id, cluster, gpu_type, pricing_class, provisioned_ms, rate, cost)
    SELECT s.day, s.hour, sl.id, s.cluster, s.gpu_type, s.pricing_class, s.provisioned_ms, c.price,
        costs_money(s.provisioned_ms, c.micros)
    FROM costs_stage s
    JOIN costs_stage_slice sl ON sl.start = s.hour
    JOIN costs_card c USING (gpu_type, cluster, pricing_class)
    WHERE s.day >= c.first AND s.day < c.after
"""
_BILL = """
    INSERT INTO costs_bill (day, slice_id, cluster, gpu_type, sku, description, hours, cost, credits, currency,
        invoice_month)
    SELECT s.day, sl.id, s.cluster, s.gpu_type, s.sku, s.description, s.hours, s.cost, s.credits, s.currency,
        s.invoice_month
    FROM costs_stage s
    JOIN costs_stage_slice sl ON sl.start = s.day::timestamp AT TIME ZONE 'UTC'
"""
_STAGE_SLICES = """
    INSERT INTO costs_stage_slice SELECT id, start FROM costs_slice WHERE load_id = %s AND facts = %s ORDER BY start
"""
STAGES: Mapping[Facts, tuple[str, str]] = {
    Facts.USAGE: (
        """key_ref bigint, place_ref bigint, start timestamptz, day date, ms bigint, gpus numeric(12, 6),
        held_ms bigint, given_activity numeric(7, 6), given_active_ms bigint, measured_ms bigint,
        active_ms bigint, busy_ms bigint""",
        _USAGE,
    ),
    Facts.ACTIVITY: (
        "place_ref bigint, start timestamptz, day date, activity numeric(7, 6), metric text, memory_used bigint",
        _ACTIVITY,
    ),
    Facts.CAPACITY: (
        "day date, hour timestamptz, cluster text, gpu_type text, pricing_class text, provisioned_ms bigint",
        _CAPACITY,
    ),
    Facts.BILL: (
        """day date, cluster text, gpu_type text, sku text, description text, hours numeric(18, 6),
        cost numeric(20, 6), credits numeric(20, 6), currency text, invoice_month text""",
        _BILL,
    ),
}
"""Columns of the staging table, in the order of the lines, and how they become rows."""
_TABLES = {Facts.USAGE: "costs_usage", Facts.ACTIVITY: "costs_activitywindow", Facts.CAPACITY: "costs_capacity",
           Facts.BILL: "costs_bill"}  # fmt: skip
_SLICES = """
    INSERT INTO costs_slice (source_id, facts, start, "end", digest, rows, complete, load_id)
    SELECT %s, facts, start, "end", digest, rows, complete, %s
    FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::int[], %s::bool[])
        AS d(facts, start, "end", digest, rows, complete)
    ON CONFLICT (source_id, facts, start) DO UPDATE SET
        digest = excluded.digest, rows = excluded.rows, complete = excluded.complete, load_id = excluded.load_id
"""


def drop_rows(facts: Facts, slices: Sequence[int], *, first: date, last: date) -> None:
    """Take away the rows of these slices; their days lie from `first` to `last`."""
    statement = sql.SQL("DELETE FROM {} WHERE slice_id = ANY(%s) AND day BETWEEN %s AND %s")
    if slices:
        _run(statement.format(sql.Identifier(_TABLES[facts])), [list(slices), first, last])


def keep_slices(source: Source, load: Load, drafts: Sequence[Draft]) -> None:
    """Write down that these slices were read, replacing what was said of the same time before."""
    columns: list[list[Any]] = [
        [one.facts.value for one in drafts],
        [one.start for one in drafts],
        [one.end for one in drafts],
        [one.digest for one in drafts],
        [len(one.lines) for one in drafts],
        [one.complete for one in drafts],
    ]
    _run(_SLICES, [source.pk, load.pk, *columns])


def number_dimensions(dimensions: Dimensions) -> None:
    """Give each key and place that was named its row; what exists is found, what is new is made."""
    _numbered("costs_usagekey", "costs_stage_key", KEY_FIELDS, dimensions.keys)
    _numbered("costs_usageplace", "costs_stage_place", PLACE_FIELDS, dimensions.places)


def write_rows(facts: Facts, load: Load, drafts: Iterable[Draft]) -> None:
    """Write the rows of slices of this load, which stand empty. The card and the dimensions are ready.

    Rows are written in the order of time, which their index by blocks lives from.
    """
    columns, insert = STAGES[facts]
    _staged("costs_stage", columns)
    _staged("costs_stage_slice", "id bigint, start timestamptz")
    _run(_STAGE_SLICES, [load.pk, facts.value])
    with connection.cursor() as cursor:
        with cursor.copy("COPY costs_stage FROM STDIN") as copy:
            for draft in drafts:
                copy.write("".join(draft.lines))
        # Without this the planner takes rows for few, looks each one's key up by itself, and loses the order.
        cursor.execute("ANALYZE costs_stage; ANALYZE costs_stage_slice")
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        cursor.execute(insert)
        cursor.execute("SET LOCAL enable_nestloop = on")


def unchanged(source: Source, drafts: Iterable[Draft]) -> dict[tuple[str, object], tuple[int, str, bool]]:
    """What is known of the times of the drafts: (facts, start) -> number, digest, complete."""
    starts = sorted({one.start for one in drafts})
    if not starts:
        return {}
    found = Slice.objects.filter(source=source, start__gte=starts[0], start__lte=starts[-1])
    rows = found.values_list("facts", "start", "pk", "digest", "complete")
    return {(facts, start): (pk, digest, complete) for facts, start, pk, digest, complete in rows}


def _numbered(table: str, staged: str, names: Sequence[str], known: Mapping[int, Dims]) -> None:
    texts = ", ".join(f'"{name}" text NOT NULL' for name in names)
    _staged(staged, f"ref bigint PRIMARY KEY, {texts}, hash text, id bigint")
    parts = {
        "table": sql.Identifier(table),
        "staged": sql.Identifier(staged),
        "names": _NAMES(map(sql.Identifier, names)),
    }
    with connection.cursor() as cursor:
        copied = sql.SQL("COPY {staged} (ref, {names}) FROM STDIN").format(**parts)
        with cursor.copy(copied) as copy:
            for ref, dims in known.items():
                copy.write_row((ref, *dims))
        cursor.execute(
            sql.SQL("UPDATE {staged} SET hash = costs_hash(VARIADIC ARRAY[{names}])").format(**parts)
        )
        cursor.execute(_NEW_KEYS.format(**parts))
        cursor.execute(_NUMBERED.format(**parts))
        cursor.execute(sql.SQL("ANALYZE {staged}").format(**parts))


def _staged(name: str, columns: str) -> None:
    _run(f"DROP TABLE IF EXISTS pg_temp.{name}", [])
    _run(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP", [])


def _run(statement: str | sql.Composed, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
