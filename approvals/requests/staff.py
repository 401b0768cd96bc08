"""Who stands for and against deciding in many requests, read once: two queries, however many requests and lanes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, prefetch_related_objects

from approvals.requests.models import Decision, Lane, Request, RequestMember
from approvals.requests.states import LaneStatus, RequestStatus
from approvals.routing.services import holders
from grants.directory.models import Membership, Person
from grants.directory.roles import TeamRole
from grants.directory.standing import Standing

UNDECIDED = (LaneStatus.WAITING, LaneStatus.ASKED)
Deciders = Mapping[str, Sequence[Person]]


@dataclass(frozen=True, slots=True)
class Staff:
    """What was read of some requests.

    `pools` are the approvers of every undecided lane. `barred` says of each request which of them, and of the
    viewer, wrote it, lead its team or would get the access. `deciders` are who may decide now, by request and
    lane, by name.
    """

    pools: Mapping[str, Sequence[Person]]
    barred: Mapping[int, frozenset[int]]
    deciders: Mapping[int, Deciders]


def staff_of(requests: Sequence[Request], viewer: Standing | None = None) -> Staff:
    """Read who may decide in these requests, and whether `viewer` is barred from any.

    Two queries; up to two more where the requests were read without lanes and decisions.
    """
    decisions = Decision.objects.select_related("person").order_by("at", "pk")
    prefetch_related_objects(list(requests), Prefetch("lanes__decisions", queryset=decisions))
    open_lanes = {request.pk: open_lanes_of(request) for request in requests}
    pools = holders(sorted({lane.name for lanes in open_lanes.values() for lane in lanes}))
    asked = {person.pk for people in pools.values() for person in people}
    barred = _barred(requests, asked | ({viewer.person.pk} if viewer else set()))
    pending = [request for request in requests if request.status == RequestStatus.PENDING]
    return Staff(pools, barred, {one.pk: _deciders(one, pools, barred[one.pk]) for one in pending})


def open_lanes_of(request: Request) -> list[Lane]:
    """The lanes that wait for somebody; none once the request is decided."""
    if request.status != RequestStatus.PENDING:
        return []
    return [lane for lane in request.lanes.all() if lane.status in UNDECIDED]


def _deciders(request: Request, pools: Deciders, barred: frozenset[int]) -> dict[str, list[Person]]:
    out = barred | {
        made.person_id
        for lane in request.lanes.all()
        for made in lane.decisions.all()
        if made.verdict == "approve" and made.revision == request.revision
    }
    return {
        lane.name: [person for person in pools[lane.name] if person.pk not in out]
        for lane in open_lanes_of(request)
    }


def _barred(requests: Iterable[Request], people: set[int]) -> dict[int, frozenset[int]]:
    """Of these people, who is on the list of each request, wrote part of it or leads its team: one query."""
    found = defaultdict(set, {request.pk: {request.requester_id} for request in requests})
    on_list = RequestMember.objects.filter(request__in=list(found), person__in=people, left_out=False)
    wrote = Request.authors.through.objects.filter(request_id__in=list(found), person_id__in=people)
    leads = Membership.objects.filter(
        team__projects__requests__in=list(found), person__in=people, role=TeamRole.LEAD
    )
    names = ("request_id", "person_id")
    rows = (
        on_list.order_by()
        .values_list(*names)
        .union(wrote.values_list(*names), leads.values_list("team__projects__requests", "person_id"))
    )
    for request_id, person_id in rows:
        found[request_id].add(person_id)
    return {pk: frozenset(ids) for pk, ids in found.items()}
