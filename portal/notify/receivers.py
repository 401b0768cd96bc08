"""Who hears of what: signals of requests and grants become notification rows in the same transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from approvals.requests.collecting import barred
from approvals.requests.looking import member_ids
from approvals.requests.models import Decision, Lane, Message, Request
from approvals.requests.states import RequestStatus
from approvals.routing.services import eligible
from grants.directory.models import Person, Project
from grants.directory.roles import ADMINISTRATOR
from grants.directory.selectors import leads_of
from grants.lifecycle.models import Grant, GrantMember, Hold
from grants.lifecycle.states import LIVE
from grants.tracker.selectors import state_of
from portal.notify.kinds import Kind
from portal.notify.services import notify


def request_changed(
    request_id: int, event: str, now: datetime, person_id: int | None = None, lane: str = "", **_kwargs: Any
) -> None:
    """Tell approvers, the requester and the approvers who need not act any more."""
    teller = ON_REQUEST.get(event)
    if teller:
        request = Request.objects.select_related("project__team", "requester").get(pk=request_id)
        actor = Person.objects.filter(pk=person_id).first() if person_id else None
        teller(request, actor or request.requester, lane, now)


def grant_changed(grant_id: int, event: str, now: datetime, **_kwargs: Any) -> None:
    """Tell members when access is ready and when it has ended; leads when it cannot be set up."""
    kinds = {"active": Kind.READY, "ended": Kind.ENDED, "failed": Kind.FAILED}
    if event not in kinds:
        return
    grant = Grant.objects.select_related("project__team").get(pk=grant_id)
    notify(
        people=people_of(grant),
        kind=kinds[event],
        occasion=f"grant:{grant.pk}:{event}",
        now=now,
        grant_id=grant.pk,
        request_id=request_of(grant),
        params=grant_params(grant),
    )


def project_done(project_id: int, now: datetime, **_kwargs: Any) -> None:
    """Tell leads and members when a project's access will end. An ending without grace tells its members itself."""
    _tell_of_end(project_id, Kind.PROJECT_DONE, now)


def project_end_near(project_id: int, now: datetime, **_kwargs: Any) -> None:
    """Tell leads and members again, the project's days of notice before the end."""
    _tell_of_end(project_id, Kind.PROJECT_END_NEAR, now)


def project_end_moved(project_id: int, now: datetime, **_kwargs: Any) -> None:
    """Tell leads and members that the end was put on hold, or goes on."""
    _tell_of_end(project_id, Kind.PROJECT_END_MOVED, now)


def project_reopened(project_id: int, now: datetime, **_kwargs: Any) -> None:
    """Tell leads and members that the project goes on, and that what ended stays ended."""
    _tell_people(Project.objects.select_related("team").get(pk=project_id), Kind.PROJECT_REOPENED, now)


def brake_changed(hold_id: int, event: str, now: datetime, **_kwargs: Any) -> None:
    """Tell administrators that the brake holds back much access and waits for one of them."""
    if event != "held":
        return
    hold = Hold.objects.get(pk=hold_id)
    administrators = Person.objects.filter(active=True, roles__role=ADMINISTRATOR)
    notify(
        people=set(administrators.values_list("pk", flat=True)),
        kind=Kind.BRAKE_HELD,
        occasion=hold.label,
        now=now,
        params={"hold": hold.pk, "grants": hold.grants_counted, "share": hold.share, "trigger": hold.kind},
    )


def _tell_of_end(project_id: int, kind: Kind, now: datetime) -> None:
    project = Project.objects.select_related("team").get(pk=project_id)
    tracking = state_of(project)
    ends_at = tracking.wind_down.ends_at if tracking and tracking.wind_down else now
    if ends_at > now:
        _tell_people(project, kind, now, ends=ends_at.isoformat())


def _tell_people(project: Project, kind: Kind, now: datetime, **more: object) -> None:
    held = GrantMember.objects.filter(grant__project=project, grant__status__in=LIVE, removed_at=None)
    notify(
        people={
            *leads_of(project.team).values_list("pk", flat=True),
            *held.values_list("person_id", flat=True),
        },
        kind=kind,
        occasion=f"project:{project.pk}:{now.isoformat()}",
        now=now,
        params={"project": project.name, "team": project.team.name, "key": project.key, **more},
    )


def people_of(grant: Grant) -> set[int]:
    """Members who are still in the bundle, and the leads of the project's team."""
    members = set(grant.members.filter(removed_at=None).values_list("person_id", flat=True))
    return members | set(leads_of(grant.project.team).values_list("pk", flat=True))


def request_of(grant: Grant) -> int | None:
    """The number of the request a grant came from, if it came from one."""
    kind, _, number = grant.origin.partition(":")
    return int(number) if kind == "request" and number.isdigit() else None


def grant_params(grant: Grant) -> dict[str, object]:
    """What a message about a grant may say."""
    images = grant.images.filter(removed_at=None).select_related("image")
    return {
        "project": grant.project.name,
        "team": grant.project.team.name,
        "images": ", ".join(row.image.repository for row in images),
        "ends": grant.ends.isoformat(),
        "outcome": grant.end_reason,
        "text": grant.end_note,
    }


def _params(request: Request, actor: Person, lane: str, **more: object) -> dict[str, object]:
    project = request.project
    rows = request.images.select_related("image")
    return {
        "number": request.number,
        "project": project.name if project else "",
        "team": project.team.name if project else "",
        "actor": actor.name,
        "lane": lane,
        "images": ", ".join(row.image.repository for row in rows),
        "people": request.members.filter(left_out=False).count(),
        **more,
    }


def _ask_lanes(kind: Kind, suffix: str) -> Callable[[Request, Person, str, datetime], None]:
    def tell(request: Request, actor: Person, _lane: str, now: datetime) -> None:
        for lane in request.lanes.filter(status="waiting"):
            notify(
                people=_deciders(request, lane.name),
                kind=kind,
                occasion=f"{request.label}:{lane.name}:{request.revision}:{suffix and now.date().isoformat()}",
                now=now,
                request_id=request.pk,
                params=_params(request, actor, lane.name),
            )

    return tell


def _deciders(request: Request, lane: str) -> set[int]:
    return {person.pk for person in eligible(lane, excluding=barred(request, member_ids(request)))}


def _asked(request: Request, actor: Person, lane: str, now: datetime) -> None:
    _tell_of_message(request, actor, lane, now, kind=Kind.QUESTION, people={request.requester_id})


def _answered(request: Request, actor: Person, lane: str, now: datetime) -> None:
    asked = Decision.objects.filter(lane__request=request, verdict="ask").values_list("person_id", flat=True)
    _tell_of_message(request, actor, lane, now, kind=Kind.ANSWER, people=set(asked))


def _tell_of_message(
    request: Request, actor: Person, lane: str, now: datetime, *, kind: Kind, people: set[int]
) -> None:
    wanted = "question" if kind is Kind.QUESTION else "answer"
    message = Message.objects.filter(request=request, kind=wanted).latest("pk")
    notify(
        people=people,
        kind=kind,
        occasion=f"message:{message.pk}",
        now=now,
        request_id=request.pk,
        params=_params(request, actor, lane, text=message.text),
    )


def _decided(request: Request, actor: Person, lane: str, now: datetime) -> None:
    notify(
        people={request.requester_id},
        kind=Kind.DECIDED,
        occasion=f"{request.label}:{request.revision}:{request.status}",
        now=now,
        request_id=request.pk,
        params=_params(request, actor, lane, outcome=request.status, text=_said(request)),
    )
    _decided_elsewhere(request, actor, lane, now)


def _said(request: Request) -> str:
    # A lapse is nobody's decision: what an approver wrote earlier, a question perhaps, is no reason for it.
    if request.status == RequestStatus.LAPSED:
        return ""
    made = Decision.objects.filter(lane__request=request).order_by("-pk")
    return made.values_list("reason", flat=True).first() or ""


def _decided_elsewhere(request: Request, actor: Person, lane: str, now: datetime) -> None:
    lanes = Lane.objects.filter(request=request)
    # A refusal or a withdrawal ends every lane; an approval only its own.
    closed = lanes.filter(name=lane) if request.status in {"pending", "approved"} and lane else lanes
    for row in closed:
        told = _deciders(request, row.name) - {actor.pk}
        notify(
            people=told,
            kind=UNDECIDED.get(request.status, Kind.DECIDED_ELSEWHERE),
            occasion=f"{request.label}:{row.name}:{request.revision}",
            now=now,
            request_id=request.pk,
            params=_params(
                request, actor, row.name, outcome="approved" if row.status == "approved" else request.status
            ),
        )


UNDECIDED: dict[str, Kind] = {RequestStatus.WITHDRAWN: Kind.WITHDRAWN, RequestStatus.LAPSED: Kind.LAPSED}
ON_REQUEST: dict[str, Callable[[Request, Person, str, datetime], None]] = {
    "submitted": _ask_lanes(Kind.ASKED, ""),
    "edited": _ask_lanes(Kind.ASKED, ""),
    "nudged": _ask_lanes(Kind.REMINDER, "day"),
    "asked": _asked,
    "answered": _answered,
    "lane_approved": _decided_elsewhere,
    "approved": _decided,
    "denied": _decided,
    "withdrawn": _decided_elsewhere,
    "lapsed": _decided,
}
