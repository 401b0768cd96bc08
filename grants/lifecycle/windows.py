"""The clock's part: grants start when their start is due and end when their time is over, by the database's clock."""

from collections.abc import Callable, Iterable
from datetime import datetime
from logging import getLogger

from django.db.models import QuerySet

from audit.ledger.actors import system
from audit.ledger.services import audited
from grants.catalogue.models import Image
from grants.directory.models import Person
from grants.lifecycle.clock import database_time, moment
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.moving import check, leap
from grants.lifecycle.parts import take_out_image, take_out_member
from grants.lifecycle.states import LIVE, GrantStatus, Who
from grants.lifecycle.types import Advanced

CLOCK = system("clock")
REPAIR = system("repair")
log = getLogger(__name__)


def advance(*, now: datetime | None = None) -> Advanced:
    """Start and expire what is due, each in a transaction of its own; `now` None means the database's clock.

    Also takes out disabled people and blocked images that a lost wake-up left behind. One grant that cannot be
    moved is logged and never stops the others. Records one `grants.grant.started` or `.expired` each.
    """
    return Advanced(
        expired=_each(_over(now), lambda pk: expire(pk, now=now)),
        started=_each(_due(now), lambda pk: start(pk, now=now)),
        repaired=_each(_disabled(), _repair_member) + _each(_blocked(), _repair_image),
    )


def expire(grant_id: int, *, now: datetime | None = None) -> bool:
    """End one grant if its time is over; False when it is not (any more): extended, ended, or being moved."""
    return _move_due("expire", _over(now), grant_id, now)


def start(grant_id: int, *, now: datetime | None = None) -> bool:
    """Start one scheduled grant if its start is due; False when it is not (any more)."""
    return _move_due("start", _due(now), grant_id, now)


def _move_due(move: str, due: QuerySet[Grant], grant_id: int, now: datetime | None) -> bool:
    with audited(by=CLOCK):
        # The database checks the condition again on the row it waited for, so an extension in between wins.
        rows = due.select_for_update(no_key=True, of=("self",)).select_related("project__team")
        grant = rows.filter(pk=grant_id).first()
        if grant is None:
            return False
        check(move, grant, roles={Who.CLOCK})
        leap(move, grant, by=CLOCK, now=now or database_time())
        return True


def _over(now: datetime | None) -> QuerySet[Grant]:
    return Grant.objects.filter(status__in=LIVE, ends__lte=moment(now))


def _due(now: datetime | None) -> QuerySet[Grant]:
    at = moment(now)
    return Grant.objects.filter(status=GrantStatus.SCHEDULED, starts__lte=at, ends__gt=at)


def _disabled() -> QuerySet[Person]:
    held = GrantMember.objects.filter(removed_at=None, grant__status__in=LIVE, person__active=False)
    return Person.objects.filter(pk__in=held.values("person_id"))


def _blocked() -> QuerySet[Image]:
    held = GrantImage.objects.filter(removed_at=None, grant__status__in=LIVE, image__blocked=True, kept=False)
    return Image.objects.filter(pk__in=held.values("image_id"))


def _repair_member(person_id: int) -> bool:
    with audited(by=REPAIR):
        person = Person.objects.get(pk=person_id)
        return take_out_member(person, team=None, by=REPAIR, now=database_time()) > 0


def _repair_image(image_id: int) -> bool:
    with audited(by=REPAIR):
        image = Image.objects.select_related("registry").get(pk=image_id)
        return take_out_image(image, by=REPAIR, now=database_time(), but_kept=True) > 0


def _each(due: QuerySet[Grant] | QuerySet[Person] | QuerySet[Image], act: Callable[[int], bool]) -> int:
    keys: Iterable[int] = list(due.order_by("pk").values_list("pk", flat=True))
    return sum(_guarded(act, key) for key in keys)


def _guarded(act: Callable[[int], bool], key: int) -> bool:
    try:
        return act(key)
    except Exception:
        log.exception("A due change could not be made; it stays due", extra={"key": key})
        return False
