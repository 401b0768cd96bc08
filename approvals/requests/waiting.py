"""For whom a request waits, as names and as one sentence; for a whole list in a constant number of queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approvals.policy.texts import lane_label
from approvals.requests.models import Lane, Request
from approvals.requests.staff import Deciders, open_lanes_of, staff_of
from approvals.requests.states import LaneStatus
from grants.directory.models import Person

JUST_NOW = timedelta(minutes=1)


def deciders_of(requests: Sequence[Request]) -> dict[int, dict[str, list[Person]]]:
    """For each pending request and undecided lane, the people who may decide there now, by name.

    Two queries for requests read by `with_parts`, however many.
    """
    found = staff_of(requests).deciders
    return {pk: {lane: list(people) for lane, people in lanes.items()} for pk, lanes in found.items()}


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


def _sentences(request: Request, deciders: Deciders, now: datetime) -> str:
    lanes = open_lanes_of(request)
    return " ".join(_sentence(lane, len(deciders.get(lane.name, ())), request, now) for lane in lanes)


def _sentence(lane: Lane, count: int, request: Request, now: datetime) -> str:
    if lane.status == LaneStatus.ASKED:
        return _("%(lane)s asked a question. The request waits for an answer.") % {
            "lane": lane_label(lane.name)
        }
    told = {
        "time": timesince(request.submitted_at or now, now, depth=1),
        "lane": lane_label(lane.name),
        "count": count,
    }
    if request.submitted_at is None or now - request.submitted_at < JUST_NOW:
        words = ngettext(
            "Just sent to %(lane)s (%(count)d person can decide).",
            "Just sent to %(lane)s (%(count)d people can decide).",
            count,
        )
    else:
        words = ngettext(
            "Waiting %(time)s for %(lane)s (%(count)d person can decide).",
            "Waiting %(time)s for %(lane)s (%(count)d people can decide).",
            count,
        )
    return words % told
