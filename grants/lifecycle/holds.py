"""Deciding on what the brake holds back: carry it out, keep the access, or drop what has no cause any more."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Detail
from grants.directory.actors import standing_of_actor
from grants.directory.models import Membership, Person, Project
from grants.directory.people import disable_person
from grants.directory.roles import ProjectState
from grants.lifecycle.brake import lock_brake, lock_grants
from grants.lifecycle.errors import BrakeConflict, BrakeInvalid, BrakeRefused
from grants.lifecycle.models import Grant, GrantImage, Hold, TriggerLine
from grants.lifecycle.moving import check, leap
from grants.lifecycle.parts import image_out, member_out
from grants.lifecycle.signals import brake_changed
from grants.lifecycle.states import LIVE, HoldState, Trigger, Who

REASON_LENGTH = 500


def due_lines(hold: Hold) -> QuerySet[TriggerLine]:
    """What releasing would do now: lines of live grants whose cause still stands."""
    placed = Membership.objects.filter(person=OuterRef("person"), team=OuterRef("grant__project__team"))
    cause = (
        Q(person=None, image=None, grant__project__state=ProjectState.CLOSED)
        | Q(image__blocked=True)
        | Q(disables=True, person__active=True)
        | Q(~Exists(placed), disables=False, person__isnull=False)
    )
    return hold.lines.filter(cause, grant__status__in=LIVE).order_by("grant_id", "pk")


def release(*, hold: Hold, reason: str, by: Actor, now: datetime, seen: int | None = None) -> Hold:
    """End what the brake holds back. Requires a person who is administrator, and a reason.

    `seen`: the number of grants the administrator was shown; another one by now is a conflict. Lines whose cause
    is gone are left alone. Records `grants.brake.released` and one event per grant. Raises BrakeRefused
    (`not_an_administrator`), BrakeInvalid (`reason_required`), BrakeConflict (`already_closed`, `changed`).
    """
    with audited(by=by):
        locked, grants = _locked(hold, reason, by)
        if seen is not None and seen != locked.grants_counted:
            words = _("More was added meanwhile: it is now %(count)s grants. Look again.")
            raise BrakeConflict(
                "changed", words % {"count": locked.grants_counted}, {"grants": locked.grants_counted}
            )
        lines = list(due_lines(locked).select_related("person", "image__registry"))
        _carry_out(lines, {grant.pk: grant for grant in grants}, reason, by=by, now=now)
        ended = Grant.objects.filter(pk__in=[grant.pk for grant in grants]).exclude(status__in=LIVE).count()
        return _close(locked, "released", reason, {"ended": ended}, by=by, now=now)


def refuse(*, hold: Hold, reason: str, by: Actor, now: datetime) -> Hold:
    """Keep the access that the brake holds; it ends at its own end. Requires an administrator and a reason.

    Records `grants.brake.refused`. Raises BrakeRefused, BrakeInvalid, BrakeConflict (`already_closed`).
    """
    with audited(by=by):
        locked, grants = _locked(hold, reason, by)
        return _close(locked, "refused", reason, {"kept": len(grants)}, by=by, now=now)


def drop_lines(*, kind: Trigger, project: Project, reason: str, by: Actor, now: datetime) -> None:
    """Forget what was held back because of a project whose end was taken back. Inside `audited`, project locked.

    A hold that is left with nothing is refused by itself, with this reason. Records `grants.brake.refused`.
    """
    lock_brake()
    lines = TriggerLine.objects.filter(kind=kind, hold__state=HoldState.HELD, grant__project=project)
    holds = list(Hold.objects.filter(pk__in=lines.values("hold_id")).select_for_update(no_key=True))
    lines.delete()
    for hold in holds:
        if not hold.lines.exists():
            _close(hold, "refused", reason, {"kept": 0}, by=by, now=now)


def require_administrator(by: Actor) -> None:
    """Raise BrakeRefused unless the actor is a person who is administrator: the record names who decided."""
    standing = standing_of_actor(by)
    if standing is None or not standing.is_administrator:
        raise BrakeRefused("not_an_administrator", _("Only administrators can do this."))


def _locked(hold: Hold, reason: str, by: Actor) -> tuple[Hold, list[Grant]]:
    require_administrator(by)
    if not reason.strip():
        raise BrakeInvalid("reason_required", _("Enter a reason"))
    lines = TriggerLine.objects.filter(hold=hold)
    _in_order(
        Project.objects.filter(grants__in=lines.values("grant_id")).values_list("pk", flat=True), Project
    )
    _in_order(lines.filter(person__isnull=False).values_list("person_id", flat=True), Person)
    grants = lock_grants(Grant.objects.filter(pk__in=lines.values("grant_id")))
    lock_brake()
    locked = Hold.objects.select_for_update(no_key=True).get(pk=hold.pk)
    if locked.state != HoldState.HELD:
        raise _closed(locked)
    return locked, grants


def _in_order(keys: Iterable[int], model: type[Project] | type[Person]) -> None:
    rows = model.objects.filter(pk__in=set(keys)).order_by("pk")
    list(rows.select_for_update(no_key=True, of=("self",)))


def _closed(hold: Hold) -> BrakeConflict:
    when = date_format(localtime(hold.closed_at), "DATETIME_FORMAT")
    words = _("Somebody decided on this already (%(who)s, %(when)s).") % {"who": hold.closed_by, "when": when}
    return BrakeConflict("already_closed", words, {"state": str(hold.state), "by": hold.closed_by})


def _carry_out(
    lines: Iterable[TriggerLine], grants: dict[int, Grant], reason: str, *, by: Actor, now: datetime
) -> None:
    disabled = set()
    for line in lines:
        grant = grants.get(line.grant_id)
        if line.person is not None and line.disables:
            if line.person_id not in disabled:
                disabled.add(line.person_id)
                disable_person(person=line.person, reason=reason, by=by, now=now)
        elif grant is None:
            continue
        elif line.person is not None:
            member_out(grant, line.person, by=by, now=now)
        elif line.image is not None:
            image_out(grant, line.image, by=by, now=now)
        else:
            check("end_project", grant, roles={Who.TRACKER})
            leap("end_project", grant, by=by, now=now, note=reason[:REASON_LENGTH])


def _close(hold: Hold, verb: str, reason: str, counts: dict[str, int], *, by: Actor, now: datetime) -> Hold:
    hold.state, hold.closed_at, hold.closed_by = HoldState(verb), now, by.name or by.label
    hold.reason = reason.strip()[:REASON_LENGTH]
    hold.save(update_fields=["state", "closed_at", "closed_by", "reason"])
    if hold.state == HoldState.RELEASED:
        kept = GrantImage.objects.filter(kept=True, grant__in=hold.lines.values("grant_id"))
        kept.filter(image__in=hold.lines.values("image_id")).update(kept=False)
    detail: Detail = {"trigger": str(hold.kind), "cause": hold.subject, "reason": hold.reason, **counts}
    record(f"grants.brake.{verb}", subject=hold.label, detail=detail)
    brake_changed.send(sender=Hold, hold_id=hold.pk, event=verb, now=now)
    return hold
