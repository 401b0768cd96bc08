"""What an approver sees of a request: a row of the list, and one request on one screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approvals.policy.texts import lane_label
from approvals.policy.types import Outcome
from approvals.requests.models import Decision, Request
from approvals.requests.selectors import requests_visible_to
from approvals.requests.states import LaneStatus, RequestStatus
from grants.directory.models import Person
from grants.directory.standing import Standing
from portal.pages.requests.presenters import images_text, people_text, sent_results, status_code, title_of

WORST = (Outcome.BLOCKED, Outcome.COULD_NOT_CHECK, Outcome.NEEDS_PERSON, Outcome.WARNING, Outcome.PASSED)
SIMILAR = 5


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One request in the list. `taken` says why nothing is left to do with it; `others` can decide too."""

    request: Request
    title: str
    status: str
    people: str
    images: str
    policy: str
    age: str
    late: bool
    others: Sequence[str] = ()
    marks: Sequence[str] = field(default_factory=list)
    taken: str = ""


def inbox_rows(
    requests: Sequence[Request],
    viewer: Standing,
    now: datetime,
    *,
    deciders: Mapping[int, Mapping[str, Sequence[Person]]],
    taken: Mapping[int, str],
) -> list[InboxRow]:
    """The rows with who else decides and what is risky: no query for requests read by `with_parts`.

    `taken` says, by request, why nothing is left to do with it.
    """
    return [
        InboxRow(
            request=request,
            title=title_of(request),
            status=status_code(request),
            people=people_text(request.people_count),  # type: ignore[attr-defined]
            images=images_text(request),
            policy=policy_state(request),
            age=age_text(request, now),
            late=_late(request, now),
            others=others_of(deciders.get(request.pk, {}), viewer),
            marks=_marks(request),
            taken=taken.get(request.pk, ""),
        )
        for request in requests
    ]


def policy_state(request: Request) -> str:
    """The worst thing policy said when the request was sent, as a code of the check words."""
    outcomes = {result.result for result in sent_results(request)}
    return next((str(outcome) for outcome in WORST if outcome in outcomes), str(Outcome.PASSED))


def age_text(request: Request, now: datetime) -> str:
    """How long it waits against the target: "17 h of 24 h"; empty for what waits for nobody."""
    due = min((lane.due_at for lane in request.lanes.all()), default=None)
    if request.status != RequestStatus.PENDING or request.submitted_at is None or due is None:
        return ""
    hours = {
        "age": int((now - request.submitted_at).total_seconds() // 3600),
        "target": round((due - request.submitted_at).total_seconds() / 3600),
    }
    return _("%(age)d h of %(target)d h") % hours


def others_of(deciders: Mapping[str, Sequence[Person]], viewer: Standing) -> list[str]:
    """Who else can decide in the lanes of this viewer, by name."""
    people = [
        person.name
        for lane, found in deciders.items()
        if lane in viewer.lanes
        for person in found
        if person.pk != viewer.person.pk
    ]
    return list(dict.fromkeys(people))


def similar_decisions(request: Request, viewer: Standing) -> list[Decision]:
    """The last decisions about the same images on other requests that the viewer may see, newest first."""
    seen = requests_visible_to(viewer).exclude(pk=request.pk).values("pk")
    images = [row.image_id for row in request.images.all()]
    found = Decision.objects.filter(
        verdict__in=("approve", "deny"),
        lane__request__images__image__in=images,
        lane__request__in=seen,
    )
    return list(found.select_related("person", "lane__request__project").order_by("-at").distinct()[:SIMILAR])


def _late(request: Request, now: datetime) -> bool:
    waiting = [lane for lane in request.lanes.all() if lane.status == LaneStatus.WAITING]
    return request.status == RequestStatus.PENDING and any(lane.due_at < now for lane in waiting)


def _marks(request: Request) -> list[str]:
    """What makes this one worth a second look, in words."""
    images = list(request.images.all())
    contractors: int = request.contractor_count  # type: ignore[attr-defined]
    marks = {
        _("Restricted image"): any(row.image.restricted for row in images),
        ngettext("%(count)d contractor", "%(count)d contractors", contractors) % {"count": contractors}: bool(
            contractors
        ),
        _("First use by this team"): any(
            not row.used_before  # type: ignore[attr-defined]
            for row in images
        ),
        _("Production"): request.environment == "production",
        _("Question is open"): status_code(request) == "question",
    }
    return [text for text, given in marks.items() if given]


def lane_names(lanes: Sequence[str]) -> list[tuple[str, str]]:
    """(code, name) of lanes, for the decision form."""
    return [(lane, lane_label(lane)) for lane in lanes]
