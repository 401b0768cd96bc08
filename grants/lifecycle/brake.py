"""The brake: counts what triggers of one kind end within a short window, and holds back what is too much.

Order of locks, everywhere: projects, people, grants (each by number), the brake, the hold. What was held back is
carried out or dropped in `holds`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from audit.ledger.actors import Actor
from audit.ledger.services import record
from audit.ledger.types import Detail
from grants.lifecycle.brake_rules import Limits, Loss, Parts, grants_hit, is_too_much
from grants.lifecycle.models import Grant, GrantImage, GrantMember, Hold, TriggerLine
from grants.lifecycle.signals import brake_changed
from grants.lifecycle.states import LIVE, HoldState, Trigger

Key = tuple[int | None, int | None, int | None]
BRAKE_LOCK = 5_318_008_115
"""Key of a PostgreSQL advisory lock: two triggers at once are counted one after the other."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What would end grants: the kind that is counted together, and what it was, as the ledger writes it."""

    kind: Trigger
    subject: str


def lock_grants(grants: QuerySet[Grant]) -> list[Grant]:
    """The live ones of these grants, locked once in the order of their numbers, so that nobody waits in a circle."""
    rows = grants.filter(status__in=LIVE).order_by("pk").select_related("project__team")
    return list(rows.select_for_update(no_key=True, of=("self",)))


def lock_brake() -> None:
    """Let one trigger at a time be counted; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BRAKE_LOCK])


def held_back(
    cause: Cause, losses: Sequence[Loss], *, soon: Iterable[int] = (), by: Actor, now: datetime
) -> frozenset[Loss]:
    """Those of the losses that must wait for an administrator; the caller carries out the rest.

    Requires the grants to be locked, inside `audited`. `soon` are grants that the same run will end next. All
    that is new waits when it is too much together with what triggers of this kind ended within the window, or
    when the brake has just stopped this kind. Records `grants.brake.held` or `.grown`.
    """
    if not losses:
        return frozenset()
    lock_brake()
    open_lines = TriggerLine.objects.filter(kind=cause.kind, hold__state=HoldState.HELD)
    waiting: dict[Key, int | None] = {_key(line): line.hold_id for line in open_lines}
    fresh = [loss for loss in losses if _key(loss) not in waiting]
    hold = _decide(cause, fresh, soon, by=by, now=now) if fresh else None
    waiting |= dict.fromkeys(map(_key, fresh), hold.pk) if hold else {}
    rows = [_line(cause.kind, loss, waiting.get(_key(loss)), now) for loss in losses]
    TriggerLine.objects.bulk_create(rows, ignore_conflicts=True)
    return frozenset(loss for loss in losses if _key(loss) in waiting)


def _decide(
    cause: Cause, losses: Sequence[Loss], soon: Iterable[int], *, by: Actor, now: datetime
) -> Hold | None:
    """The hold that these losses go to, started or grown; None when they may happen."""
    since = now - window()
    recent = TriggerLine.objects.filter(kind=cause.kind, hold=None, at__gt=since)
    done = [Loss(line.grant_id, line.person_id, line.image_id) for line in recent]
    coming = [Loss(grant_id) for grant_id in soon]
    counted = len(
        grants_hit([*done, *losses, *coming], parts_of({loss.grant_id for loss in [*done, *losses]}))
    )
    live = Grant.objects.filter(status__in=LIVE).count()
    live += Grant.objects.filter(pk__in={loss.grant_id for loss in done}).exclude(status__in=LIVE).count()
    standing = Hold.objects.filter(kind=cause.kind, state=HoldState.HELD, grown_at__gt=since)
    hold = standing.select_for_update(no_key=True).order_by("-pk").first()
    if hold is not None:
        return _grow(hold, cause, losses, now)
    if not is_too_much(counted=counted, live=live, limits=limits()):
        return None
    return _start(cause, losses, counted, live, by=by, now=now)


def limits() -> Limits:
    """What the settings allow to happen unasked."""
    return Limits(share=settings.BRAKE["share"], floor=settings.BRAKE["floor"])


def window() -> timedelta:
    """How long triggers of one kind are counted together."""
    return timedelta(minutes=settings.BRAKE["window_minutes"])


def parts_of(grant_ids: Iterable[int]) -> Parts:
    """Who and what is in these grants now: two queries."""
    found: dict[int, set[tuple[str, int]]] = {}
    keys = list(grant_ids)
    people = GrantMember.objects.filter(grant_id__in=keys, removed_at=None)
    for grant, person in people.values_list("grant_id", "person_id"):
        found.setdefault(grant, set()).add(("person", person))
    images = GrantImage.objects.filter(grant_id__in=keys, removed_at=None)
    for grant, image in images.values_list("grant_id", "image_id"):
        found.setdefault(grant, set()).add(("image", image))
    return found


def _start(
    cause: Cause, losses: Sequence[Loss], counted: int, live: int, *, by: Actor, now: datetime
) -> Hold:
    hold = Hold.objects.create(
        kind=cause.kind,
        subject=cause.subject[:200],
        triggered_by=by.name or by.label,
        grants_counted=counted,
        grants_live=live,
        since=now,
        grown_at=now,
    )
    _tell(hold, "held", cause, losses, now)
    return hold


def _grow(hold: Hold, cause: Cause, losses: Sequence[Loss], now: datetime) -> Hold:
    held = set(hold.lines.values_list("grant_id", flat=True)) | {loss.grant_id for loss in losses}
    hold.grants_counted = max(hold.grants_counted, len(held))
    hold.grants_live = max(hold.grants_live, hold.grants_counted)
    hold.grown_at = now
    hold.save(update_fields=["grants_counted", "grants_live", "grown_at"])
    _tell(hold, "grown", cause, losses, now)
    return hold


def _tell(hold: Hold, event: str, cause: Cause, losses: Sequence[Loss], now: datetime) -> None:
    detail: Detail = {
        "trigger": str(hold.kind),
        "cause": cause.subject,
        "grants": len({loss.grant_id for loss in losses}),
        "counted": hold.grants_counted,
        "live": hold.grants_live,
        "share": hold.share,
    }
    record(f"grants.brake.{event}", subject=hold.label, detail=detail)
    brake_changed.send(sender=Hold, hold_id=hold.pk, event=event, now=now)


def _key(loss: Loss | TriggerLine) -> Key:
    # A person waits as a whole: an account cannot be disabled for one grant and not for another.
    if loss.person_id is not None:
        return None, loss.person_id, None
    return loss.grant_id, None, loss.image_id


def _line(kind: Trigger, loss: Loss, hold_id: int | None, now: datetime) -> TriggerLine:
    return TriggerLine(
        kind=kind,
        grant_id=loss.grant_id,
        person_id=loss.person_id,
        image_id=loss.image_id,
        disables=loss.disables,
        at=now,
        hold_id=hold_id,
    )
