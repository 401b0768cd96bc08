"""When each target is looked at again: rows say what is due, and what the last look came to."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings

from grants.delivery.models import TargetScan
from grants.delivery.targets import Target, targets_with_layout

JITTER = 0.1  # of the interval, so that targets are not all asked at once
AFTER_FAILURE = timedelta(minutes=2)
LEASE = timedelta(minutes=10)  # a scan that was sent to a worker and never came is sent again


class _Report(Protocol):
    target: str
    wanted: int
    there: int
    ms: int
    too_little: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """A target beside its last scan; None when it was never scanned."""

    target: Target
    last: TargetScan | None


def interval() -> timedelta:
    """How often each target is looked at: the setting DRIFT_SECONDS."""
    return timedelta(seconds=settings.DRIFT_SECONDS)


def scans() -> list[Looked]:
    """Every target that keeps entries, by key, with its last scan."""
    last = {row.target: row for row in TargetScan.objects.all()}
    return [Looked(target, last.get(target.key)) for target in targets_with_layout()]


def take_due(*, now: datetime) -> list[str]:
    """The targets whose scan is due; they are not due again before the lease is over, whoever asks."""
    targets = targets_with_layout()
    known = set(TargetScan.objects.values_list("target", flat=True))
    fresh = [TargetScan(target=target.key, next_at=now) for target in targets if target.key not in known]
    TargetScan.objects.bulk_create(fresh, ignore_conflicts=True)
    due = TargetScan.objects.filter(target__in=[target.key for target in targets], next_at__lte=now)
    return [key for key in _keys(due) if due.filter(target=key).update(next_at=now + LEASE)]


def ask_soon(key: str, *, now: datetime) -> None:
    """Have a target looked at as soon as a worker comes to it."""
    TargetScan.objects.update_or_create(target=key, defaults={"next_at": now})


def note_done(report: _Report, *, now: datetime) -> None:
    """Write down what a scan came to, and when the next is due."""
    seconds = interval().total_seconds() * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    said = {"started_at": now, "finished_at": now, "error": "", "next_at": now + timedelta(seconds=seconds)}
    counts = {name: getattr(report, name) for name in ("wanted", "there", "too_little")}
    values = said | counts | {"took_ms": report.ms}
    TargetScan.objects.update_or_create(target=report.target, defaults=values)


def note_failed(key: str, *, error: str, now: datetime) -> None:
    """Write down why a target could not be looked at; it is tried again sooner."""
    soon = now + min(AFTER_FAILURE, interval())
    values = {"started_at": now, "error": error[:500], "next_at": soon}
    TargetScan.objects.update_or_create(target=key, defaults=values)


def _keys(rows: Iterable[TargetScan]) -> list[str]:
    return [row.target for row in rows]
