"""For whom a request waits, as names and as one sentence; for a whole list in a constant number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import F
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approvals.policy.texts import lane_label
from approvals.requests.models import Decision, Lane, Request, RequestMember
from approvals.requests.states import LaneStatus, RequestStatus
from approvals.routing.services import holders
from grants.directory.models import Person

Deciders = Mapping[str, Sequence[Person]]
UNDECIDED = (LaneStatus.WAITING, LaneStatus.ASKED)


def deciders_of(requests: Sequence[Request]) -> dict[int, dict[str, list[Person]]]:
    """For each pending request and undecided lane, the people who may decide there now, by name.

    Requests should have their lanes read. One query a lane's name and three more, however many requests.
    """
    pending = [request for request in requests if request.status == RequestStatus.PENDING]
    open_lanes = {request.pk: _open_lanes(request) for request in pending}
    pools = holders(sorted({lane.name for lanes in open_lanes.values() for lane in lanes}))
    barred = _barred(pending, {person.pk for people in pools.values() for person in people})
    return {
        pk: {lane.name: [p for p in pools[lane.name] if p.pk not in barred[pk]] for lane in lanes}
        for pk, lanes in open_lanes.items()
    }


def waiting_reasons(
    requests: Sequence[Request], now: datetime, deciders: Mapping[int, Deciders] | None = None
) -> dict[int, str]:
    """One sentence for each pending request: for whom it waits, since when, how many can decide.

    `deciders` are those of `deciders_of`, where they are at hand.
    """
    found = deciders_of(requests) if deciders is None else deciders
    return {r.pk: _sentences(r, found[r.pk], now) for r in requests if r.pk in found}


def waiting_reason(request: Request, now: datetime) -> str:
    """The same for one request; empty where it waits for nobody."""
    return waiting_reasons([request], now).get(request.pk, "")


def _open_lanes(request: Request) -> list[Lane]:
    return [lane for lane in request.lanes.all() if lane.status in UNDECIDED]


def _barred(requests: Sequence[Request], approvers: set[int]) -> dict[int, set[int]]:
    """Of these approvers, who may not decide in each request: on its list, wrote it, or decided already."""
    barred: dict[int, set[int]] = defaultdict(set)
    for request in requests:
        barred[request.pk].add(request.requester_id)
    ids = [request.pk for request in requests]
    on_list = RequestMember.objects.filter(request__in=ids, person__in=approvers, left_out=False)
    wrote = Request.authors.through.objects.filter(request_id__in=ids, person_id__in=approvers)
    decided = Decision.objects.filter(
        lane__request__in=ids, verdict="approve", revision=F("lane__request__revision")
    )
    for rows in (
        on_list.values_list("request_id", "person_id"),
        wrote.values_list("request_id", "person_id"),
        decided.values_list("lane__request_id", "person_id"),
    ):
        for request_id, person_id in rows:
            if person_id is not None:
                barred[request_id].add(person_id)
    return barred


def _sentences(request: Request, deciders: Deciders, now: datetime) -> str:
    lanes = _open_lanes(request)
    return " ".join(_sentence(lane, len(deciders.get(lane.name, ())), request, now) for lane in lanes)


def _sentence(lane: Lane, count: int, request: Request, now: datetime) -> str:
    if lane.status == LaneStatus.ASKED:
        return _("%(lane)s asked a question. The request waits for an answer.") % {
            "lane": lane_label(lane.name)
        }
    words = ngettext(
        "Waiting %(time)s for %(lane)s (%(count)d person can decide).",
        "Waiting %(time)s for %(lane)s (%(count)d people can decide).",
        count,
    )
    since = timesince(request.submitted_at or now, now, depth=1)
    return words % {"time": since, "lane": lane_label(lane.name), "count": count}
