"""Downloads of events, streamed by the database's COPY: CSV safe for spreadsheets, and JSON Lines."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from django.db import connection
from django.db.models import QuerySet

from .actors import Actor
from .models import Event
from .selectors import events_visible_to
from .services import audited, record
from .stream import last_sequence
from .types import Detail, EventFilters, Scope

Format = Literal["csv", "jsonl"]
BOM = b"\xef\xbb\xbf"
BLOCK = 64 * 1024
COLUMNS = ("actor", "actor_name", "image", "kind", "person", "project", "subject", "team")
_AT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_QUICK_AT = "overlay((at AT TIME ZONE 'UTC')::text PLACING 'T' FROM 11 FOR 1) || 'Z' AS at"
# = + - @ tab, line feed and carriage return start a formula somewhere. A detail always starts with a brace.
_SAFE = "CASE WHEN ascii({0}) IN (61, 43, 45, 64, 9, 10, 13) THEN '''' || {0} ELSE {0} END AS {0}"
_CELLS = ", ".join(["sequence", _QUICK_AT, *map(_SAFE.format, COLUMNS), "detail::text AS detail"])
LINE = (
    f"""concat('{{"sequence":', sequence, ',"at":"', {_AT}, '","previous":"', encode(previous, 'hex'),"""
    """ '","hash":"', encode(hash, 'hex'), '",', """
    + ", ".join(f"""'"{name}":', to_json({name}), ','""" for name in COLUMNS)
    + """, '"detail":', detail, '}')"""
)
_COPY = "COPY (SELECT {columns} FROM ({events}) AS event ORDER BY sequence) TO STDOUT (FORMAT {form})"
# One column whose delimiter and quote cannot occur in it: the line comes out as it is, without escapes.
_BARE = "CSV, QUOTE E'\\x01', DELIMITER E'\\x02'"


def export_events(*, scope: Scope, filters: EventFilters, format: Format, by: Actor) -> Iterator[bytes]:  # noqa: A002
    """Record `audit.export.made`, then stream exactly the events that matched at that moment, oldest first.

    CSV has a byte order mark, a header, and an apostrophe before cells a spreadsheet would run; JSON Lines
    are those of an audit bundle. Memory stays flat. The stream holds the database connection until it ends.
    """
    last = last_sequence()
    events = events_visible_to(scope, filters).filter(sequence__lte=last)
    record_export(by=by, filters=filters, count=events.count(), format=format)
    return stream_csv(events) if format == "csv" else stream_jsonl(events)


def record_export(*, by: Actor, filters: EventFilters, count: int, format: str) -> None:  # noqa: A002
    """Record that somebody took `count` events out of the house, and by which filters."""
    with audited(by=by):
        detail: Detail = {"count": count, "format": format, "filters": describe(filters)}
        record("audit.export.made", subject="export:events", detail=detail)


def describe(filters: EventFilters) -> dict[str, str | bool]:
    """The filters that narrow anything, moments as text."""
    asked = {name: value for name, value in asdict(filters).items() if value}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asked.items()
    }


def stream_csv(events: "QuerySet[Event]") -> Iterator[bytes]:
    """The events as CSV in UTF-8 with a byte order mark, oldest first, in blocks of about 64 KiB."""
    yield BOM
    yield from _blocks(_CELLS, "CSV, HEADER", events)


def stream_jsonl(events: "QuerySet[Event]") -> Iterator[bytes]:
    """The events as JSON Lines, oldest first, in blocks of about 64 KiB."""
    yield from _blocks(LINE, _BARE, events)


def lines(events: "QuerySet[Event]") -> Iterator[tuple[int, str]]:
    """Sequence and JSON line (without its end) of each event, oldest first."""
    with (
        connection.cursor() as cursor,
        cursor.copy(_statement(cursor, f"sequence, {LINE}", "BINARY", events)) as copy,
    ):
        copy.set_types(["int8", "text"])
        yield from copy.rows()


def _blocks(columns: str, form: str, events: "QuerySet[Event]") -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    with connection.cursor() as cursor, cursor.copy(_statement(cursor, columns, form, events)) as copy:
        for row in copy:
            block.append(bytes(row))
            size += len(row)
            if size >= BLOCK:
                yield b"".join(block)
                block, size = [], 0
    yield b"".join(block)


def _statement(cursor: Any, columns: str, form: str, events: "QuerySet[Event]") -> str:
    inner, params = events.order_by().query.get_compiler(connection=connection, elide_empty=False).as_sql()
    parts = {"{columns}": columns, "{form}": form, "{events}": str(cursor.mogrify(inner, params))}
    statement = _COPY
    for placeholder, text in parts.items():
        statement = statement.replace(placeholder, text)
    return statement
