"""Who waits for whom: rules (rates, settings, reservations) before months, months in the order of time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection

RULES = 7095217263184460
"""Shared by whoever applies the rules, alone for whoever changes them: no load misses a new price."""
REDERIVING = 7095217263184461
"""Held by the worker that looks at all activity again."""
MONTHS = 0x5055434F
"""First key of the locks of months; the second is the month's number."""


def share_rules() -> None:
    """Hold the rules as they are until the transaction ends; waits for whoever changes them."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)", [RULES])


def change_rules() -> None:
    """Be alone with the rules until the transaction ends: waits for every load, and every load waits."""
    _lock("SELECT pg_advisory_xact_lock(%s)", [RULES])


def hold_months(days: Iterable[date]) -> None:
    """Be the only writer of the months of these days until the transaction ends."""
    months = sorted({day.year * 12 + day.month for day in days})
    _lock(
        "SELECT pg_advisory_xact_lock(%s, month) FROM unnest(%s::int[]) WITH ORDINALITY AS m(month, n) ORDER BY n",
        [MONTHS, months],
    )


@contextmanager
def alone(number: int) -> Iterator[bool]:
    """Give whether nobody else is inside with this number; held over many transactions, until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free:
            _lock("SELECT pg_advisory_unlock(%s)", [number])


def _lock(statement: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
