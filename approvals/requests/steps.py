"""What every step of a request does: lock the row, see who acts, move along the table, record, tell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from approvals.requests.errors import Conflict, NotAllowed, StaleRequest
from approvals.requests.models import Lane, Request
from approvals.requests.signals import request_changed
from approvals.requests.states import (
    LANE_MOVES,
    REQUEST_MOVES,
    IllegalMove,
    LaneStatus,
    RequestStatus,
    move,
    move_lane,
)
from approvals.requests.types import DraftChanges
from audit.ledger.actors import Actor
from audit.ledger.services import record
from grants.directory.models import Person
from grants.directory.standing import Standing, standing_of


def lock(request: Request) -> Request:
    """The request as it is now, locked until the transaction ends, with its project, team and requester."""
    rows = Request.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("project__team", "requester").get(pk=request.pk)


def standing_of_actor(by: Actor) -> Standing:
    """What the acting person stands for now; raises NotAllowed for robots and disabled people."""
    if by.kind != "person":
        raise NotAllowed("not_a_person", _("Only a person can do this, signed in as themselves."))
    person = Person.objects.filter(pk=by.id, active=True).first()
    if person is None:
        raise NotAllowed("not_active", _("Your account is disabled, so you cannot do this."))
    return standing_of(person)


def is_editor(request: Request, viewer: Standing) -> bool:
    """Whether the viewer may change the request: its requester, or a lead of its project's team."""
    project = request.project
    leads = project is not None and project.team_id in viewer.led_team_ids
    return leads or request.requester_id == viewer.person.pk


def editor(request: Request, by: Actor) -> Standing:
    """The acting person, who may change this request; raises NotAllowed `not_an_editor`."""
    viewer = standing_of_actor(by)
    if not is_editor(request, viewer):
        words = _("Only the requester and the leads of the project's team can do this.")
        raise NotAllowed("not_an_editor", words)
    return viewer


def lead(request: Request, by: Actor) -> Standing:
    """The acting person, who may ask for this project; raises NotAllowed `not_a_lead`."""
    viewer = editor(request, by)
    if request.project is not None and request.project.team_id not in viewer.led_team_ids:
        raise NotAllowed("not_a_lead", _("Only the leads of the project's team can ask for it."))
    return viewer


def check_revision(request: Request, revision: int | None, changes: DraftChanges | None = None) -> None:
    """Raise StaleRequest, with what was typed, unless `revision` is the present one or None."""
    if revision not in (None, request.revision):
        detail = {
            "revision": request.revision,
            "changed_by": request.updated_by,
            "changed_at": request.updated_at.isoformat(),
        }
        raise StaleRequest(detail, changes)


def save(request: Request, *, by: Actor, now: datetime, **fields: Any) -> None:
    """Save these fields of a locked request, and who changed it when."""
    fields |= {"updated_by": by.name or by.label, "updated_at": now}
    for name, value in fields.items():
        setattr(request, name, value)
    request.save(update_fields=list(fields))


def take(
    request: Request,
    verb: str,
    *,
    by: Actor,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Move a locked request along the table, save `fields` with it and record the move's one event.

    Raises Conflict `wrong_status` where the table has no such move.
    """
    try:
        status = move(request.status, verb)
    except IllegalMove as error:
        words = _("This request is no longer where it was, so this cannot be done now.")
        raise Conflict("wrong_status", words, {"status": error.status, "verb": error.verb}) from error
    if status not in (RequestStatus.DRAFT, RequestStatus.PENDING):
        fields["decided_at"] = now
    save(request, by=by, now=now, status=status, **fields)
    note(REQUEST_MOVES[verb].kind, request, detail)


def take_lane(lane: Lane, request: Request, verb: str, detail: Mapping[str, Any] | None = None) -> None:
    """Move a lane of a locked request along its table and record it. Raises IllegalMove, a programming error."""
    lane.status = move_lane(lane.status, verb)
    lane.save(update_fields=["status", "due_at"])
    note(LANE_MOVES[verb].kind, request, {"lane": lane.name, **(detail or {})})


def reopen(request: Request, due_at: datetime) -> None:
    """All undecided and approved lanes wait again; those that waited anyway are only given the new time."""
    for lane in request.lanes.all():
        lane.due_at = due_at
        if lane.status == LaneStatus.WAITING:
            lane.save(update_fields=["due_at"])
        else:
            take_lane(lane, request, "reopen")


def note(kind: str, request: Request, detail: Mapping[str, Any] | None = None) -> None:
    """Record an event of this request with its project, team and revision."""
    project = request.project
    record(
        kind,
        subject=request.label,
        project=project.key if project else "",
        team=project.team.key if project else "",
        detail={"revision": request.revision, **(detail or {})},
    )


def tell(
    request: Request, event: str, *, now: datetime, person_id: int | None = None, lane: str = ""
) -> None:
    """Send `request_changed` inside the transaction; a receiver that fails undoes the step."""
    request_changed.send(
        sender=Request, request_id=request.pk, event=event, now=now, person_id=person_id, lane=lane
    )
