"""Whether the figures still say what the rows say, and keep the rules; what does not is kept and told."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.costs.known_days import known_days
from audit.costs.models import Check, Violation
from audit.costs.rules import Finding, broken
from audit.costs.signals import violations_found
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

RECENT_DAYS = 10
ROUND = 28
"""Older days come by turns: each is looked at again every so many nights."""
_ROWS = "SELECT count(*) FROM costs_usage WHERE day = ANY(%s)"
_Place = tuple[str, date, str]


def open_violations() -> QuerySet[Violation]:
    """What is wrong now, the newest day first."""
    return Violation.objects.filter(cleared_at=None).order_by("-day", "kind", "subject")


def check_nightly(*, by: Actor, now: datetime) -> list[Violation]:
    """Check the recent days and those older ones whose turn it is; returns what is newly wrong."""
    today = timezone.localtime(now).date()
    known = known_days()
    days = known.each() if known else []
    turn = today.toordinal() % ROUND
    recent = today - timedelta(days=RECENT_DAYS)
    return check_days(
        days=[day for day in days if day >= recent or day.toordinal() % ROUND == turn], by=by, now=now
    )


def check_costs(*, first: date | None, last: date | None, by: Actor, now: datetime) -> list[Violation]:
    """Check every day from `first` to `last` (None: as far as anything is known); returns what is newly wrong."""
    known = known_days()
    days = known and known.within(first, last)
    return check_days(days=days.each() if days else [], by=by, now=now)


def check_days(*, days: list[date], by: Actor, now: datetime) -> list[Violation]:
    """Check these days, keep what is wrong, and clear what no longer is. Reads beside loads without waiting.

    Records `audit.costs-check.failed` when something is newly wrong, and sends `violations_found` then.
    """
    if not days:
        return []
    found, rows = [], 0
    for _month, members in groupby(sorted(days), key=lambda day: (day.year, day.month)):
        month = list(members)
        found += _look(month)
        rows += _count(month)
    with audited(by=by):
        fresh = _keep(days, found, now)
        Check.objects.create(first=min(days), last=max(days), at=now, rows=rows, found=len(found))
        if fresh:
            _tell(fresh)
    return fresh


def _look(days: list[date]) -> list[Finding]:
    """One snapshot for all rules: a load that comes in between would look like a difference."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return list(broken(days))


def _count(days: list[date]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [days])
        return int(cursor.fetchone()[0])


def _keep(days: Iterable[date], found: list[Finding], now: datetime) -> list[Violation]:
    standing = {
        (one.kind, one.day, one.subject): one
        for one in Violation.objects.select_for_update().filter(cleared_at=None, day__in=list(days))
    }
    seen: dict[_Place, Finding] = {(one.kind, one.day, one.subject): one for one in found}
    gone = [one.pk for place, one in standing.items() if place not in seen]
    Violation.objects.filter(pk__in=gone).update(cleared_at=now)
    still = [one for place, one in standing.items() if place in seen]
    for one in still:
        one.seen_at, one.detail = now, seen[one.kind, one.day, one.subject].detail
    Violation.objects.bulk_update(still, ["seen_at", "detail"])
    fresh = [
        Violation(
            kind=one.kind, day=one.day, subject=one.subject, detail=one.detail, found_at=now, seen_at=now
        )
        for place, one in seen.items()
        if place not in standing
    ]
    return Violation.objects.bulk_create(fresh)


def _tell(fresh: list[Violation]) -> None:
    kinds = sorted({one.kind for one in fresh})
    first, last = min(one.day for one in fresh), max(one.day for one in fresh)
    record(
        "audit.costs-check.failed",
        subject=f"days:{first}",
        detail={"count": len(fresh), "kinds": kinds, "first": str(first), "last": str(last)},
    )
    transaction.on_commit(
        lambda: violations_found.send_robust(sender=Violation, count=len(fresh), first=first, last=last),
        robust=True,
    )
