"""Asks sources that are due, step by step, and keeps where each was left. The rows are the queue.

A claim is a later `next_attempt_at` and a new fence: whoever has an older fence has lost the source. Sources are
asked outside every transaction; each step is stored by itself, so what broke off goes on where it stopped.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from audit.costs.errors import CostError
from audit.costs.intake import take
from audit.costs.models import Source
from audit.costs.providers import secret
from audit.costs.signals import source_failing
from audit.costs.sources.errors import Permanent, SourceError, Transient
from audit.costs.sources.notes import keys_of
from audit.costs.sources.pullers import puller_of
from audit.costs.sources.steps import Step
from audit.ledger.actors import system
from audit.ledger.services import audited, record
from audit.ledger.types import Detail

PULLS = system("usage-pull")
LEASE = timedelta(minutes=15)
"""Longer than any one step takes; a worker that dies gives its source back after that."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
FAILING_AFTER = 3
"""Failures in a row until somebody is told; a refusal is told at once."""
AT_ONCE = 20
log = structlog.get_logger(__name__)


class Lost(Exception):
    """Another worker has the source by now."""


def pull_due(*, now: datetime | None = None, limit: int = AT_ONCE) -> int:
    """Ask every source that is due, the one due longest first; how many were asked. `now` None: the present."""
    asked = 0
    while asked < limit and (source := claim(now=now or timezone.now())):
        asked += 1
        pull(source, now=now)
    return asked


def claim(*, now: datetime) -> Source | None:
    """The source due longest, leased to the caller; other workers skip it without waiting. None: nothing is due."""
    due = Source.objects.filter(enabled=True, next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    with transaction.atomic():
        source = due.select_for_update(skip_locked=True, no_key=True).first()
        if source is None:
            return None
        source.fence += 1
        source.next_attempt_at = now + LEASE
        source.save(update_fields=["fence", "next_attempt_at"])
    return source


def pull(source: Source, *, now: datetime | None = None) -> bool:
    """Ask one claimed source and store what it says; whether it went well. Errors are kept in its row and shown."""
    at = now or timezone.now()
    try:
        _ask(source, at)
    except Lost:
        log.warning("usage_pull_lost", source=source.key)
        return False
    except SourceError as error:
        _failed(source, error, now=now or timezone.now())
        return False
    except CostError as error:
        said = "; ".join(str(one) for one in error.detail.get("faults", [])[:3]) or error.message
        _failed(source, Permanent(said), now=now or timezone.now())
        return False
    except Exception as error:  # a poisoned answer must not keep the other sources waiting
        log.exception("usage_pull_broke", source=source.key)
        kind = type(error).__name__
        _failed(source, Transient(f"Storing or asking broke off ({kind})."), now=now or timezone.now())
        return False
    _succeeded(source, now=now or timezone.now())
    return True


def _ask(source: Source, now: datetime) -> None:
    puller = puller_of(source.kind, source.options, secret)
    notes: set[str] = set()
    try:
        for step in puller.steps(cursor=source.cursor, now=now):
            notes.update(key for one in step.readings for key in keys_of(one.notes))
            _keep(source, step, now, sorted(notes))
    finally:
        puller.close()


def _keep(source: Source, step: Step, now: datetime, notes: list[str]) -> None:
    """Store one step, then move the cursor. A crash in between means that the step is asked for again."""
    if not _mine(source).exists():
        raise Lost
    if step.readings:
        take(source=source, readings=step.readings, file_name="", by=PULLS, now=now)
    moved: dict[str, object] = {"next_attempt_at": max(now, timezone.now()) + LEASE, "notes": notes}
    if step.cursor:
        moved["cursor"] = step.cursor
    if step.through:
        # One end of the two may be unknown: the greater of what is known.
        moved["complete_through"] = Greatest(
            Coalesce(F("complete_through"), Value(step.through)), Value(step.through)
        )
    if not _mine(source).update(**moved):
        raise Lost


def _mine(source: Source) -> QuerySet[Source]:
    return Source.objects.filter(pk=source.pk, fence=source.fence, enabled=True)


def _succeeded(source: Source, *, now: datetime) -> None:
    next_at = now + timedelta(seconds=source.every_seconds)
    _mine(source).update(attempts=0, error="", succeeded_at=now, failed_at=None, next_attempt_at=next_at)


def _failed(source: Source, error: SourceError, *, now: datetime) -> None:
    """Note a failure and when to try again; at the one that makes it an outage, record and tell of it."""
    attempts = source.attempts + 1
    if isinstance(error, Permanent):
        attempts = max(attempts, FAILING_AFTER)
    log.warning("usage_not_pulled", source=source.key, attempts=attempts, error=error.message)
    with audited(by=PULLS):
        kept = _mine(source).update(
            attempts=attempts,
            error=error.message[:500],
            failed_at=now,
            next_attempt_at=now + pause_after(attempts, error),
        )
        if kept and source.attempts < FAILING_AFTER <= attempts:
            _tell(source, error, now)


def _tell(source: Source, error: SourceError, now: datetime) -> None:
    detail: Detail = {"error": error.message[:500], "attempts": source.attempts + 1}
    record("audit.cost-source.failed", subject=f"source:{source.key}", detail=detail)
    told = {"source_id": source.pk, "name": source.name, "error": error.message[:500], "now": now}
    transaction.on_commit(lambda: source_failing.send_robust(sender=Source, **told), robust=True)


def pause_after(attempts: int, error: SourceError) -> timedelta:
    """The next pause: doubling from a minute to six hours, at least an hour after a refusal, never less than asked."""
    doubled: timedelta = min(FIRST_PAUSE * int(2 ** min(attempts - 1, 20)), LONGEST_PAUSE)
    least = timedelta(hours=1) if isinstance(error, Permanent) else timedelta(seconds=error.retry_after or 0)
    return max(doubled, least)
