"""Keeping the lines of a grant in step with the grant; deciding when it is active and when it has ended."""

from collections.abc import Callable
from datetime import datetime
from logging import getLogger

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from audit.ledger.actors import system
from audit.ledger.services import audited
from grants.delivery.desired import desired_lines
from grants.delivery.models import Delivery
from grants.delivery.plan import Line, plan
from grants.delivery.signals import delivery_changed
from grants.delivery.states import APPLYING, REMOVING, Kind, Status
from grants.lifecycle.models import Grant
from grants.lifecycle.services import mark_active, mark_ended, mark_failed
from grants.lifecycle.states import ALLOWING, EndReason, GrantStatus

DELIVERY = system("delivery")
log = getLogger(__name__)


def plan_rows(*, grant_id: int, now: datetime) -> None:
    """Write the lines a grant should have and mark those it should not; harmless to repeat, and never an event.

    Inside the transaction that changed the grant, so that no commit leaves a grant without its lines.
    """
    with transaction.atomic():
        grant = lock_grant(grant_id)
        rows = {_line(row): row for row in grant.deliveries.all()}
        steps = plan(desired_lines(grant), {line: row.status for line, row in rows.items()})
        Delivery.objects.bulk_create(_wanted(grant, line, now) for line in sorted(steps.create))
        _drop([rows[line].pk for line in steps.drop], now)
        _take_back([rows[line].pk for line in steps.again], now)
        if steps.create or steps.drop or steps.again:
            delivery_changed.send(sender=Delivery, grant_id=grant_id)


def renew_rows(*, grant_id: int, now: datetime) -> None:
    """Have the lines of a grant whose end was moved worked again, so that targets with an end of their own follow."""
    with transaction.atomic():
        rows = lock_grant(grant_id).deliveries.filter(status=Status.VERIFIED)
        rows.update(next_attempt_at=now, fence=F("fence") + 1)


def plan_project(*, project_id: int, now: datetime) -> None:
    """Bring a project's lines in step after what targets are told of it changed; harmless to repeat.

    Places that are no longer the project's go away (another namespace), and the project's own are made anew; people
    and images stay as they are.
    """
    with transaction.atomic():
        live = Grant.objects.filter(project_id=project_id, status__in=ALLOWING).order_by("pk")
        for grant_id in list(live.values_list("pk", flat=True)):
            plan_rows(grant_id=grant_id, now=now)
        own = Delivery.objects.filter(grant__in=live, status=Status.VERIFIED).exclude(kind__in=list(Kind))
        own.update(next_attempt_at=now, fence=F("fence") + 1)


def plan_all(*, now: datetime) -> int:
    """Bring every live grant in step with the targets there are now; how many those were. One that fails stops none."""
    live = Grant.objects.filter(status__in=ALLOWING)
    return _each(live, _plan_anew, now)


def settle(grant: Grant, *, now: datetime) -> None:
    """Call a locked grant active or ended when its lines say so. Inside `audited` only.

    Active: every image was seen in place, somebody was, and nothing else still waits for a first try; what failed
    stays visible and is tried again. Ended: every line was proven gone; failed, if its time ran out before any
    line had ever been seen in place.
    """
    if grant.status == GrantStatus.PROVISIONING and _in_place(grant):
        mark_active(grant=grant, by=DELIVERY, now=now)
    if grant.status == GrantStatus.REVOKING and not grant.deliveries.exclude(status=Status.PROVEN).exists():
        mark = mark_failed if _never_worked(grant) else mark_ended
        mark(grant=grant, by=DELIVERY, now=now)


def catch_up(*, now: datetime) -> int:
    """Do what a lost wake-up left undone: grants without their lines, endings with nothing left to prove.

    Answers how many that were. One that cannot be moved is logged, stays and stops no other.
    """
    return _each(_out_of_step(), _plan_anew, now) + _each(_nothing_left(), _settle_anew, now)


def _each(behind: QuerySet[Grant], act: Callable[[int, datetime], None], now: datetime) -> int:
    keys = list(behind.order_by("pk").values_list("pk", flat=True))
    return sum(_guarded(act, key, now) for key in keys)


def _guarded(act: Callable[[int, datetime], None], key: int, now: datetime) -> bool:
    try:
        act(key, now)
    except Exception:
        log.exception("A grant could not be brought in step; it stays due", extra={"grant": key})
        return False
    return True


def _plan_anew(grant_id: int, now: datetime) -> None:
    plan_rows(grant_id=grant_id, now=now)


def _settle_anew(grant_id: int, now: datetime) -> None:
    with audited(by=DELIVERY):
        settle(lock_grant(grant_id), now=now)


def lock_grant(grant_id: int) -> Grant:
    """The grant, locked. Always before its lines: whoever changes a grant holds it and then comes to them."""
    return Grant.objects.select_for_update(no_key=True, of=("self",)).get(pk=grant_id)


def _line(row: Delivery) -> Line:
    return (row.target, row.kind, row.key)


def _wanted(grant: Grant, line: Line, now: datetime) -> Delivery:
    target, kind, key = line
    return Delivery(grant=grant, target=target, kind=kind, key=key, since=now, next_attempt_at=now)


def _drop(keys: list[int], now: datetime) -> None:
    Delivery.objects.filter(pk__in=keys).update(
        status=Status.UNWANTED,
        since=now,
        next_attempt_at=now,
        fence=F("fence") + 1,
        failures=0,
        last_error="",
        denials=0,
    )


def _take_back(keys: list[int], now: datetime) -> None:
    """Lines that went away and are wanted again begin anew; `verified_at` stays, as they were in place once."""
    Delivery.objects.filter(pk__in=keys).update(
        status=Status.WANTED,
        since=now,
        next_attempt_at=now,
        fence=F("fence") + 1,
        failures=0,
        last_error="",
        denials=0,
        applied_at=None,
        removed_at=None,
        proven_at=None,
        facts="",
    )


def _in_place(grant: Grant) -> bool:
    verified = Q(status=Status.VERIFIED)
    seen = grant.deliveries.filter(status__in=APPLYING).aggregate(
        images_missing=Count("pk", filter=Q(kind=Kind.IMAGE) & ~verified),
        rest_untried=Count("pk", filter=Q(failures=0) & ~Q(kind=Kind.IMAGE) & ~verified),
        people_ready=Count("pk", filter=Q(kind=Kind.MEMBER) & verified),
    )
    return not seen["images_missing"] and not seen["rest_untried"] and seen["people_ready"] > 0


def _never_worked(grant: Grant) -> bool:
    rows = grant.deliveries.all()
    ran_out = grant.end_reason == EndReason.EXPIRED and grant.activated_at is None
    return ran_out and rows.exists() and not rows.filter(verified_at__isnull=False).exists()


def _out_of_step() -> QuerySet[Grant]:
    rows = Delivery.objects.filter(grant=OuterRef("pk"))
    unplanned = Grant.objects.filter(~Exists(rows), status__in=ALLOWING)
    standing = Grant.objects.filter(Exists(rows.exclude(status__in=REMOVING)), status=GrantStatus.REVOKING)
    return unplanned | standing


def _nothing_left() -> QuerySet[Grant]:
    rows = Delivery.objects.filter(grant=OuterRef("pk")).exclude(status=Status.PROVEN)
    return Grant.objects.filter(~Exists(rows), status=GrantStatus.REVOKING)
