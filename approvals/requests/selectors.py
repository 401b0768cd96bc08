"""Reading requests: what a viewer may see, what waits for whom, and how long it usually takes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, Now

from approvals.requests.looking import decidable_lanes, may_decide, refusal_for
from approvals.requests.models import Decision, Lane, Request, RequestImage, RequestMember
from approvals.requests.people_rows import people_rows
from approvals.requests.staff import UNDECIDED, staff_of
from approvals.requests.states import LaneStatus, RequestStatus
from approvals.requests.steps import is_editor
from approvals.requests.timing import median_approval_times
from approvals.requests.visibility import requests_visible_to
from approvals.requests.waiting import deciders_of, waiting_reason, waiting_reasons
from grants.catalogue.models import Image
from grants.directory.standing import Standing
from grants.lifecycle.models import GrantImage

__all__ = [
    "decidable_lanes",
    "deciders_of",
    "inbox_of",
    "line_counts",
    "may_decide",
    "may_edit",
    "median_approval_time",
    "median_approval_times",
    "people_rows",
    "read_parts",
    "refusal_for",
    "requests_visible_to",
    "staff_of",
    "waiting_reason",
    "waiting_reasons",
    "with_counts",
    "with_parts",
]

DECIDED_DAYS = 30


def inbox_of(viewer: Standing, *, view: str = "mine") -> QuerySet[Request]:
    """An approver's list, due first, with everything a row shows.

    `mine`: I may decide now. `group`: waiting in one of my lanes. `asked`: a question is open in one of them.
    `decided`: I decided in the last 30 days. `all`: every sent request I may see. Raises KeyError for
    another view.
    """
    narrowed = VIEWS[view](requests_visible_to(viewer).exclude(submitted_at=None), viewer)
    mine = Min("lanes__due_at", filter=Q(lanes__name__in=viewer.lanes, lanes__status__in=UNDECIDED))
    return with_parts(narrowed).annotate(due=Coalesce(mine, F("submitted_at"))).order_by(*ORDERS[view])


def with_parts(requests: QuerySet[Request]) -> QuerySet[Request]:
    """The requests with lanes, decisions and images read, and their people counted: four queries in all."""
    return with_counts(requests).prefetch_related(*_parts())


def with_counts(requests: QuerySet[Request]) -> QuerySet[Request]:
    """The requests with `people_count` and `contractor_count`, to be read together with others by `read_parts`."""
    people = RequestMember.objects.filter(request=OuterRef("pk"), left_out=False)
    contractors = people.filter(person__contractor=True)
    return requests.select_related("requester", "project__team").annotate(
        people_count=Coalesce(Subquery(_counted(people)), 0),
        contractor_count=Coalesce(Subquery(_counted(contractors)), 0),
    )


def read_parts(requests: Sequence[Request]) -> None:
    """Read lanes, decisions and images of all these requests at once: three queries, none for what was read."""
    prefetch_related_objects(list(requests), *_parts())


def may_edit(request: Request, viewer: Standing) -> bool:
    """Whether the viewer may change, withdraw and answer this request while it is open."""
    return viewer.person.active and is_editor(request, viewer)


def line_counts(request: Request) -> Mapping[str, int]:
    """How many lines are in each state, and `left_out` by hand."""
    rows = request.members.values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


def median_approval_time(image: Image) -> timedelta | None:
    """The median time from sending to approval of the last 20 approved requests for one image."""
    return median_approval_times([image.pk]).get(image.pk)


def _mine(requests: QuerySet[Request], viewer: Standing) -> QuerySet[Request]:
    me = viewer.person
    on_list = RequestMember.objects.filter(person=me, left_out=False).values("request")
    wrote = Request.authors.through.objects.filter(person_id=me.pk).values("request_id")
    decided = Decision.objects.filter(
        person=me, verdict__in=("approve", "deny"), revision=F("lane__request__revision")
    )
    own = Q(requester=me) | Q(project__team_id__in=viewer.led_team_ids)
    barred = own | Q(pk__in=on_list) | Q(pk__in=wrote) | Q(pk__in=decided.values("lane__request"))
    return _waiting(requests, viewer, [LaneStatus.WAITING]).exclude(barred)


def _group(requests: QuerySet[Request], viewer: Standing) -> QuerySet[Request]:
    return _waiting(requests, viewer, [LaneStatus.WAITING])


def _asked(requests: QuerySet[Request], viewer: Standing) -> QuerySet[Request]:
    return _waiting(requests, viewer, [LaneStatus.ASKED])


def _decided(requests: QuerySet[Request], viewer: Standing) -> QuerySet[Request]:
    made = Decision.objects.filter(
        person=viewer.person, verdict__in=("approve", "deny"), at__gte=Now() - timedelta(days=DECIDED_DAYS)
    )
    return requests.filter(pk__in=made.values("lane__request"))


def _all(requests: QuerySet[Request], viewer: Standing) -> QuerySet[Request]:
    return requests


def _waiting(requests: QuerySet[Request], viewer: Standing, statuses: Sequence[str]) -> QuerySet[Request]:
    lanes = Lane.objects.filter(name__in=viewer.lanes, status__in=statuses).values("request")
    return requests.filter(status=RequestStatus.PENDING, pk__in=lanes)


VIEWS: Mapping[str, Callable[[QuerySet[Request], Standing], QuerySet[Request]]] = {
    "mine": _mine,
    "group": _group,
    "asked": _asked,
    "decided": _decided,
    "all": _all,
}
ORDERS: Mapping[str, tuple[str, ...]] = {
    "mine": ("due", "pk"),
    "group": ("due", "pk"),
    "asked": ("due", "pk"),
    "decided": ("-updated_at", "-pk"),
    "all": ("-submitted_at", "-pk"),
}


def _parts() -> tuple[Any, ...]:
    """What `with_parts` reads. An image says whether the team was ever given it (`used_before`)."""
    decisions = Decision.objects.select_related("person").order_by("at", "pk")
    lanes = Lane.objects.prefetch_related(Prefetch("decisions", queryset=decisions))
    given = GrantImage.objects.filter(
        image=OuterRef("image"), grant__project__team=OuterRef("request__project__team")
    )
    images = RequestImage.objects.select_related("image__registry").annotate(used_before=Exists(given))
    return Prefetch("lanes", queryset=lanes), Prefetch("images", queryset=images)


def _counted(rows: QuerySet[RequestMember]) -> QuerySet[Any, Any]:
    return rows.order_by().values("request").annotate(n=Count("pk")).values("n")
