"""Whose turn it is at a target: one change of a thing at a time, so many calls at once, so many a minute."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from grants.delivery.targets import Target

AT_ONCE = 4  # calls at one target, unless its option `concurrency` says otherwise
BUSY = timedelta(seconds=1)
_BURST_SHARE = 6.0  # a rested target may be asked this part of a minute's calls at once

_FILL = """
INSERT INTO delivery_pace AS pace (target, allowance, at) VALUES (%(target)s, %(burst)s - 1, %(now)s)
ON CONFLICT (target) DO UPDATE SET at = EXCLUDED.at, allowance =
  LEAST(%(burst)s, pace.allowance + GREATEST(0, EXTRACT(EPOCH FROM EXCLUDED.at - pace.at)) * %(rate)s) - 1
WHERE LEAST(%(burst)s, pace.allowance + GREATEST(0, EXTRACT(EPOCH FROM EXCLUDED.at - pace.at)) * %(rate)s) >= 1
RETURNING allowance
"""


def at_once(target: Target) -> int:
    """How many calls a target may be asked at the same time, by all workers."""
    return int(target.options.get("concurrency", AT_ONCE))


@contextmanager
def turn(target: Target, lock: str, *, now: datetime) -> Iterator[timedelta | None]:
    """None when the caller may change what `lock` names at the target now; else how long to leave it alone.

    The locks belong to the database session: they are gone with a worker that dies.
    """
    place = (f"place:{target.key}", lock)
    if not _try(place):
        yield BUSY
        return
    try:
        with _slot(target) as free:
            yield _pause(target, now) if free else BUSY
    finally:
        _release(place)


@contextmanager
def _slot(target: Target) -> Iterator[bool]:
    slots = ((f"slot:{target.key}", str(number)) for number in range(at_once(target)))
    taken = next((slot for slot in slots if _try(slot)), None)
    try:
        yield taken is not None
    finally:
        if taken is not None:
            _release(taken)


def _pause(target: Target, now: datetime) -> timedelta | None:
    per_minute = float(target.options.get("per_minute", 0))
    if not per_minute:
        return None
    rate, burst = per_minute / 60, max(1.0, per_minute / _BURST_SHARE)
    said: dict[str, Any] = {"target": target.key, "now": now, "rate": rate, "burst": burst}
    with connection.cursor() as cursor:
        cursor.execute(_FILL, said)
        return None if cursor.fetchone() else timedelta(seconds=1 / rate)


def _try(key: tuple[str, str]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", key)
        return bool(cursor.fetchone()[0])


def _release(key: tuple[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", key)
