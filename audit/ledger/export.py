"""Downloads of events, streamed by the database's COPY: CSV safe for spreadsheets, and JSON Lines."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from django.db import connection
from django.db.models import QuerySet

from .actors import Actor
from .models import Event
from .selectors import events_visible_to
from .services import audited, record
from .stream import last_sequence
from .types import EventFilters, Scope

Format = Literal["csv", "jsonl"]
BOM = b"\xef\xbb\xbf"
BLOCK = 64 * 1024
COLUMNS = ("actor", "actor_name", "image", "kind", "person", "project", "subject", "team")
_AT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_SAFE = r"CASE WHEN {0} ~ '^[=+\-@\t\r]' THEN '''' || {0} ELSE {0} END AS {0}"
# The detail is an object, so its first character is always a brace.
_CSV = (
    f"COPY (SELECT sequence, {_AT} AS at, {', '.join(map(_SAFE.format, COLUMNS))}, detail::text AS detail "
    "FROM ({events}) AS event ORDER BY sequence) TO STDOUT (FORMAT CSV, HEADER)"
)
LINE = (
    f"""concat('{{"sequence":', sequence, ',"at":"', {_AT}, '","previous":"', encode(previous, 'hex'),"""
    """ '","hash":"', encode(hash, 'hex'), '",', """
    + ", ".join(f"""'"{name}":', to_json({name}), ','""" for name in COLUMNS)
    + """, '"detail":', detail, '}')"""
)
# One column whose delimiter and quote cannot occur in it: the line comes out as it is, without escapes.
_JSONL = (
    f"COPY (SELECT {LINE} FROM ({{events}}) AS event ORDER BY sequence) "
    "TO STDOUT (FORMAT CSV, QUOTE E'\\x01', DELIMITER E'\\x02')"
)
_NUMBERED = (
    f"COPY (SELECT sequence, {LINE} FROM ({{events}}) AS event ORDER BY sequence) TO STDOUT (FORMAT BINARY)"
)


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
    asked = {name: value for name, value in asdict(filters).items() if value}
    for name in ("since", "until"):
        if name in asked:
            asked[name] = asked[name].isoformat()
    with audited(by=by):
        detail = {"count": count, "format": format, "filters": asked}
        record("audit.export.made", subject="export:events", detail=detail)


def stream_csv(events: "QuerySet[Event]") -> Iterator[bytes]:
    """The events as CSV in UTF-8 with a byte order mark, oldest first, in blocks of about 64 KiB."""
    yield BOM
    yield from _copy(_CSV, events)


def stream_jsonl(events: "QuerySet[Event]") -> Iterator[bytes]:
    """The events as JSON Lines, oldest first, in blocks of about 64 KiB."""
    yield from _copy(_JSONL, events)


def lines(events: "QuerySet[Event]") -> Iterator[tuple[int, str]]:
    """Sequence and JSON line (without its end) of each event, oldest first."""
    with connection.cursor() as cursor, cursor.copy(_statement(cursor, _NUMBERED, events)) as copy:
        copy.set_types(["int8", "text"])
        yield from copy.rows()


def _copy(template: str, events: "QuerySet[Event]") -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    with connection.cursor() as cursor, cursor.copy(_statement(cursor, template, events)) as copy:
        for row in copy:
            block.append(bytes(row))
            size += len(row)
            if size >= BLOCK:
                yield b"".join(block)
                block, size = [], 0
    yield b"".join(block)


def _statement(cursor: Any, template: str, events: "QuerySet[Event]") -> str:
    inner, params = events.order_by().query.sql_with_params()
    return str(cursor.mogrify(template.replace("{events}", inner), params))
