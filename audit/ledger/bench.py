"""What the ledger costs, measured: changes a second, milliseconds a change, events verified and exported a second."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from django.db import connection, transaction

from .actors import system
from .append import append_events
from .canonical import canonical
from .export import stream_csv
from .selectors import events_visible_to
from .services import audited, record
from .types import NewEvent, Scope
from .verify import verify_log

BENCH = system("bench")
_TURN = "UPDATE django_content_type SET model = %s WHERE app_label = 'ledger_bench' AND id = %s"
_ROWS = """
    INSERT INTO django_content_type (app_label, model)
    SELECT 'ledger_bench', 'row ' || number FROM generate_series(1, %s) AS number RETURNING id
"""
_BATCH = 2_000


def run(*, events: int = 200_000, changes: int = 1_000, writers: int = 8) -> dict[str, float]:
    """Measure on the connected database, which gains events for good: never run it on a production log.

    Returns changes/s with one and several writers, the added milliseconds of an audited change over a plain
    one (medians of three alternating rounds), and verified and exported events/s scaled to seconds a million.
    """
    rows = _rows(writers)
    try:
        figures = _changes(rows, changes)
    finally:
        _execute("DELETE FROM django_content_type WHERE app_label = 'ledger_bench'")
    _fill(events)
    began = time.perf_counter()
    verified = verify_log().events
    figures["verify_seconds_per_million"] = (time.perf_counter() - began) / verified * 1e6
    began = time.perf_counter()
    size = sum(map(len, stream_csv(events_visible_to(Scope(everything=True)))))
    figures["csv_seconds_per_million"] = (time.perf_counter() - began) / verified * 1e6
    return figures | {"csv_megabytes": size / 1e6}


def _changes(rows: list[int], changes: int) -> dict[str, float]:
    rounds = [(_seconds(_plain, rows[0], changes), _seconds(_audited, rows[0], changes)) for _ in range(3)]
    plain, audit = (median(column) / changes for column in zip(*rounds, strict=True))
    began = time.perf_counter()
    with ThreadPoolExecutor(len(rows)) as pool:
        list(pool.map(lambda row: _write_and_leave(row, changes), rows))
    together = len(rows) * changes / (time.perf_counter() - began)
    return {
        "plain_changes_per_second": 1 / plain,
        "audited_changes_per_second": 1 / audit,
        "added_ms_per_change": (audit - plain) * 1000,
        f"audited_changes_per_second_{len(rows)}_writers": together,
    }


def _seconds(change: Callable[[int, int], None], row: int, changes: int) -> float:
    began = time.perf_counter()
    for turn in range(changes):
        change(row, turn)
    return time.perf_counter() - began


def _write_and_leave(row: int, changes: int) -> None:
    try:
        _seconds(_audited, row, changes)
    finally:
        connection.close()


def _plain(row: int, turn: int) -> None:
    with transaction.atomic():
        _execute(_TURN, f"row {row} {turn}", row)


def _audited(row: int, turn: int) -> None:
    with audited(by=BENCH):
        _execute(_TURN, f"row {row} {turn}", row)
        record("bench.row.turned", subject=f"row:{row}", project="bench", detail={"turn": turn})


def _rows(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [count])
        return [number for (number,) in cursor.fetchall()]


def _execute(statement: str, *values: str | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _fill(events: int) -> None:
    for start in range(0, events, _BATCH):
        with transaction.atomic():
            append_events([_event(number) for number in range(start, min(start + _BATCH, events))])


def _event(number: int) -> NewEvent:
    return NewEvent(
        kind="bench.grant.issued",
        actor=BENCH.label,
        actor_name=BENCH.name,
        subject=f"grant:{number}",
        project=f"project-{number % 50}",
        team=f"team-{number % 7}",
        person=f"person:{number % 600}",
        image="registry.example.com/team/train-cuda",
        detail=canonical({"number": number, "reason": "training for the quarter", "days": 90}),
    )
