"""Taking due lines for this worker alone: a lease that runs out by itself, and a number that outdates older claims."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import connection

from grants.connectors.base import Entry
from grants.delivery.models import Attempt, Delivery
from grants.delivery.pauses import LEASE
from grants.delivery.states import Action

_CLAIM = """
UPDATE delivery_delivery SET fence = fence + 1, next_attempt_at = %(until)s
WHERE id IN (
  SELECT id FROM delivery_delivery
  WHERE next_attempt_at <= %(now)s AND (%(target)s = '' OR target = %(target)s)
  ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id
"""
_INTEND = """
WITH ours AS (
  UPDATE delivery_delivery SET attempts = attempts + 1, next_attempt_at = %(until)s
  WHERE id = %(line)s AND fence = %(fence)s
  RETURNING id
)
INSERT INTO delivery_attempt (delivery_id, action, fence, intent_at, outcome, error_kind, detail)
SELECT id, %(action)s, %(fence)s, %(now)s, '', '', '' FROM ours
RETURNING id
"""


class Ticking:
    """The time given at the start, going on by itself: rows worked last are not written as of the beginning."""

    def __init__(self, now: datetime) -> None:
        self._now, self._started = now, monotonic()

    def now(self) -> datetime:
        """The present: the start plus what has passed since, whatever happens to the system's clock."""
        return self._now + timedelta(seconds=monotonic() - self._started)


@dataclass(frozen=True, slots=True)
class Step:
    """One outside call for a line. `last`: its success settles the line; `partial`: see `trials.Removal`.

    `facts`: a digest of the entry, where the target keeps entries. `keepers`: the live grants that still want it.
    """

    action: Action
    entry: Entry
    last: bool = True
    partial: bool = False
    facts: str = ""
    keepers: str = ""


def targets_due(*, now: datetime) -> list[str]:
    """The targets that have due lines, by key."""
    due = Delivery.objects.filter(next_attempt_at__lte=now).order_by("target")
    return list(due.values_list("target", flat=True).distinct())


def claim(*, now: datetime, limit: int, target: str = "") -> list[Delivery]:
    """Up to `limit` due lines (of one target, or of all), oldest first, leased to the caller.

    Other workers skip them without waiting.
    """
    said: dict[str, Any] = {"now": now, "until": now + LEASE, "limit": limit, "target": target}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, said)
        keys = [key for (key,) in cursor.fetchall()]
    rows = Delivery.objects.filter(pk__in=keys).select_related("grant__project__team")
    return list(rows.order_by("grant_id", "kind", "pk"))


def intend(row: Delivery, step: Step, *, now: datetime) -> Attempt | None:
    """Commit the intent of a call and renew the lease; None when the line is no longer ours to work on."""
    said: dict[str, Any] = {"line": row.pk, "fence": row.fence, "action": step.action.value, "now": now}
    with connection.cursor() as cursor:
        # One statement is one transaction, and a third of the time: every call outside pays for it.
        cursor.execute(_INTEND, said | {"until": now + LEASE})
        made = cursor.fetchone()
    if made is None:
        return None
    return Attempt(pk=made[0], delivery=row, action=step.action, fence=row.fence, intent_at=now)


def put_off(row: Delivery, *, until: datetime) -> None:
    """Give a claimed line back untried."""
    Delivery.objects.filter(pk=row.pk, fence=row.fence).update(next_attempt_at=until)
