"""Who may decide: the look that the page's explanation and the decision itself share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from approvals.policy.texts import lane_label
from approvals.requests.states import FINAL, LaneStatus, RequestStatus
from approvals.requests.types import Refusal

DECIDED = (RequestStatus.APPROVED, RequestStatus.PARTLY_APPROVED, RequestStatus.DENIED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision that was made: by whom, what, in which lane, when."""

    person_id: int
    name: str
    verdict: str
    lane: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything a decision depends on, read under the request's lock (or without, for a page).

    `acting_ids` are the person deciding and whoever's identity is used for it. `verdicts` are those of the
    present revision; `changed` says who changed the request last. `stranded` names the lanes that would be
    left without anybody if this person decides in `lane`.
    """

    lane: str
    person_id: int
    acting_ids: frozenset[int]
    active: bool
    held_lanes: frozenset[str]
    barred: frozenset[int]
    status: str
    lanes: Mapping[str, str]
    revision: int
    seen_revision: int | None = None
    verdicts: tuple[Verdict, ...] = ()
    stranded: tuple[str, ...] = ()
    changed: Mapping[str, Any] = field(default_factory=dict)


def refusal_of(look: Look) -> Refusal | None:
    """The first reason why this decision may not be made; None when it may. Who comes before what state."""
    return next((refusal for check in CHECKS if (refusal := check(look))), None)


def _inactive(look: Look) -> Refusal | None:
    if look.active:
        return None
    return Refusal("not_active", _("Your account is disabled, so you cannot decide."))


def _own(look: Look) -> Refusal | None:
    if not look.acting_ids & look.barred:
        return None
    words = _(
        "You cannot decide this request, because you wrote it, lead its team or are one of its members."
    )
    return Refusal("self_approval", words)


def _borrowed(look: Look) -> Refusal | None:
    if look.acting_ids == {look.person_id}:
        return None
    return Refusal("not_an_approver", _("Only the approver can decide, signed in as themselves."))


def _outsider(look: Look) -> Refusal | None:
    if look.lane in look.held_lanes:
        return None
    words = _("You are not an approver for %(lane)s.") % {"lane": lane_label(look.lane)}
    return Refusal("not_an_approver", words, detail={"lane": look.lane})


def _closed(look: Look) -> Refusal | None:
    if look.status == RequestStatus.PENDING:
        return None
    return refusal_of_closed(look.status, look.verdicts, look.changed)


def _no_lane(look: Look) -> Refusal | None:
    if look.lane in look.lanes:
        return None
    words = _("%(lane)s is not asked to decide this request.") % {"lane": lane_label(look.lane)}
    return Refusal("no_such_lane", words, 404, {"lane": look.lane})


def _lane_decided(look: Look) -> Refusal | None:
    if look.lanes[look.lane] in (LaneStatus.WAITING, LaneStatus.ASKED):
        return None
    made = [verdict for verdict in look.verdicts if verdict.lane == look.lane]
    return decided_already(made[-1], look.status) if made else None


def _stale(look: Look) -> Refusal | None:
    if look.seen_revision in (None, look.revision):
        return None
    words = _("This request changed since you opened it. Look at it again before you decide.")
    return Refusal("stale_revision", words, 409, {"revision": look.revision, **look.changed})


def _second_lane(look: Look) -> Refusal | None:
    others = [v.lane for v in look.verdicts if v.person_id == look.person_id and v.lane != look.lane]
    if not others:
        return None
    words = _("You already decided for %(lane)s. Another person decides here.")
    filled = words % {"lane": lane_label(others[0])}
    return Refusal("already_decided_other_lane", filled, detail={"lane": others[0]})


def _stranding(look: Look) -> Refusal | None:
    if not look.stranded:
        return None
    words = _("Only you can decide for %(lane)s. Decide there; another person decides here.")
    filled = words % {"lane": lane_label(look.stranded[0])}
    return Refusal("needed_in_other_lane", filled, detail={"lane": look.stranded[0]})


CHECKS: tuple[Callable[[Look], Refusal | None], ...] = (
    _inactive,
    _own,
    _borrowed,
    _outsider,
    _closed,
    _no_lane,
    _lane_decided,
    _stale,
    _second_lane,
    _stranding,
)

_CLOSED: Mapping[str, Callable[[], str]] = {
    RequestStatus.APPROVED: lambda: _("This request is approved. Nothing more to do."),
    RequestStatus.PARTLY_APPROVED: lambda: _("This request is partly approved. Nothing more to do."),
    RequestStatus.DENIED: lambda: _("This request is rejected. Nothing more to do."),
    RequestStatus.WITHDRAWN: lambda: _("This request was withdrawn. Nothing more to do."),
    RequestStatus.LAPSED: lambda: _("This request lapsed, because nobody decided in time."),
}


def refusal_of_closed(status: str, verdicts: Sequence[Verdict], changed: Mapping[str, Any]) -> Refusal:
    """Why nothing more can be done with a request that waits for nobody: who ended it, or that it was not sent."""
    if status not in FINAL:
        return Refusal("wrong_status", _("This request has not been sent."), 409, {"status": status})
    if verdicts and status in DECIDED:
        return decided_already(verdicts[-1], status)
    return Refusal("already_closed", _CLOSED[status](), 409, {"status": status, **changed})


def decided_already(made: Verdict, status: str) -> Refusal:
    """Somebody was first: says who, what and when."""
    words = (
        _("%(name)s rejected this at %(time)s. Nothing more to do.")
        if made.verdict == "deny"
        else _("%(name)s approved this at %(time)s. Nothing more to do.")
    )
    sentence = words % {"name": made.name, "time": date_format(localtime(made.at), "H:i")}
    detail = {
        "by": made.name,
        "person_id": made.person_id,
        "verdict": made.verdict,
        "lane": made.lane,
        "at": made.at.isoformat(),
        "status": status,
    }
    return Refusal("already_decided", sentence, 409, detail)
