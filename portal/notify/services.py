"""Writing notifications, reading them, and sending them by mail: never lost, because they are rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from grants.directory.models import Person
from portal.live.topics import bump
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.texts import message_of

log = structlog.get_logger(__name__)
LONGEST_PAUSE = timedelta(minutes=30)
CLAIM = timedelta(minutes=2)


def notify(
    *,
    people: Iterable[int],
    kind: Kind,
    occasion: str,
    now: datetime,
    request_id: int | None = None,
    grant_id: int | None = None,
    params: Mapping[str, object] | None = None,
) -> int:
    """Tell each active person once of this occasion, in the transaction of the change itself.

    Returns how many rows were asked for. A second call for the same occasion writes nothing.
    """
    active = Person.objects.filter(pk__in=set(people), active=True).values_list("pk", flat=True)
    rows = [
        Notification(
            recipient_id=pk,
            kind=kind,
            occasion=occasion,
            request_id=request_id,
            grant_id=grant_id,
            params=dict(params or {}),
            created_at=now,
            mail_due_at=now,
        )
        for pk in active
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    bump(*(f"person:{row.recipient_id}" for row in rows))
    transaction.on_commit(_wake, robust=True)
    return len(rows)


def _wake() -> None:
    from portal.notify.tasks import deliver

    # Without retries: when the broker is down, the schedule finds the rows seconds later and nobody waits.
    deliver.apply_async(retry=False, expires=10)


def mark_read(*, recipient: Person, now: datetime, pks: Iterable[int] | None = None) -> int:
    """Mark one's own notifications as read: those named, or all."""
    unread = Notification.objects.filter(recipient=recipient, read_at=None)
    changed = (unread if pks is None else unread.filter(pk__in=pks)).update(read_at=now)
    transaction.on_commit(partial(bump, f"person:{recipient.pk}"))
    return changed


def send_due(*, now: datetime, limit: int = 50) -> int:
    """Send the mails that are due; returns how many were sent. One bad address never stops the others."""
    started = monotonic()
    return sum(
        _renewed(row, now=now + timedelta(seconds=monotonic() - started)) and _send(row, now=now)
        for row in _claim(now=now, limit=limit)
    )


def _claim(*, now: datetime, limit: int) -> list[Notification]:
    # A claim is committed before anything is sent. A worker that dies while sending leaves a claim that
    # lapses; the mail then goes out again under the same Message-ID, which mail servers recognise.
    with transaction.atomic():
        due = Notification.objects.filter(mail_state__in=["pending", "failing"], mail_due_at__lte=now)
        rows = list(due.select_for_update(skip_locked=True, no_key=True).order_by("mail_due_at")[:limit])
        for row in rows:
            row.mail_attempts += 1
            row.mail_due_at = now + CLAIM
        Notification.objects.bulk_update(rows, ["mail_attempts", "mail_due_at"])
    return rows


def _renewed(row: Notification, *, now: datetime) -> bool:
    """Whether the row is still this worker's: with a slow mail server, the claim may have run out meanwhile."""
    ours = Notification.objects.filter(pk=row.pk, mail_attempts=row.mail_attempts)
    return bool(ours.exclude(mail_state="sent").update(mail_due_at=now + CLAIM))


def _send(row: Notification, *, now: datetime) -> bool:
    address = row.recipient.addresses.filter(verified=True).order_by("-primary", "pk").first()
    if address is None:
        _settle(row, mail_state="no_address", mail_due_at=None)
        return False
    try:
        _mail(row, address.address).send()
    except (
        Exception
    ) as error:  # whatever the mail server's library raises: the row says so and is tried again
        pause = min(LONGEST_PAUSE, timedelta(seconds=5 * 2 ** min(row.mail_attempts, 12)))
        _settle(
            row, mail_state="failing", mail_due_at=now + pause, mail_error=f"{type(error).__name__}"[:300]
        )
        log.warning("mail_failed", notification=row.pk, error=type(error).__name__)
        return False
    _settle(row, mail_state="sent", mail_sent_at=now, mail_due_at=None, mail_error="")
    return True


def _settle(row: Notification, **fields: object) -> None:
    Notification.objects.filter(pk=row.pk).update(**fields)
    if row.request_id:
        bump(f"request:{row.request_id}")


def _mail(row: Notification, address: str) -> EmailMessage:
    message = message_of(row, language=row.recipient.language)
    return EmailMessage(
        subject=f"[{settings.PRODUCT_NAME}] {message.subject}",
        body="\n\n".join(part for part in (message.body, message.more, message.url) if part) + "\n",
        to=[address],
        headers={"Message-ID": f"<notification-{row.pk}@{settings.ALLOWED_HOSTS[0] or 'purser'}>"},
    )
