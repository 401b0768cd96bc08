"""The states of a request and its lanes as tables: from where, to where, who may, what is recorded. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RequestStatus(StrEnum):
    """Where a request stands. `partly_approved` is kept for decisions on part of a request."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    PARTLY_APPROVED = "partly_approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class LaneStatus(StrEnum):
    """Where one group of approvers stands with a request."""

    WAITING = "waiting"
    ASKED = "asked"
    APPROVED = "approved"
    DENIED = "denied"


class Verdict(StrEnum):
    """What an approver may answer. The values are verbs of `LANE_MOVES`."""

    APPROVE = "approve"
    DENY = "deny"
    ASK = "ask"


class Role(StrEnum):
    """Who a person is to a request. `system` is the clock."""

    REQUESTER = "requester"
    LEAD = "lead"
    APPROVER = "approver"
    SYSTEM = "system"


class IllegalMove(ValueError):
    """A move that the table does not know from this status. `code` is always `illegal_move`."""

    code = "illegal_move"

    def __init__(self, status: str, verb: str) -> None:
        """Keep what was tried, for the message people read."""
        super().__init__(f"{verb} is not possible from {status}")
        self.status = status
        self.verb = verb


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change: its sources, its target, who may ask for it, and the event's kind."""

    sources: frozenset[StrEnum]
    target: StrEnum
    who: frozenset[Role]
    kind: str


_OWNERS = frozenset({Role.REQUESTER, Role.LEAD})
_APPROVER = frozenset({Role.APPROVER})
_SYSTEM = frozenset({Role.SYSTEM})
_DRAFT = frozenset({RequestStatus.DRAFT})
_PENDING = frozenset({RequestStatus.PENDING})
_UNDECIDED = frozenset({LaneStatus.WAITING, LaneStatus.ASKED})

REQUEST_MOVES: Mapping[str, Move] = {
    "edit": Move(_DRAFT, RequestStatus.DRAFT, _OWNERS, "approvals.request.edited"),
    "submit": Move(_DRAFT, RequestStatus.PENDING, _OWNERS, "approvals.request.submitted"),
    "revise": Move(_PENDING, RequestStatus.PENDING, _OWNERS, "approvals.request.revised"),
    "approve_last": Move(_PENDING, RequestStatus.APPROVED, _APPROVER, "approvals.request.approved"),
    "deny": Move(_PENDING, RequestStatus.DENIED, _APPROVER, "approvals.request.denied"),
    "withdraw": Move(_DRAFT | _PENDING, RequestStatus.WITHDRAWN, _OWNERS, "approvals.request.withdrawn"),
    "lapse": Move(_PENDING, RequestStatus.LAPSED, _SYSTEM, "approvals.request.lapsed"),
}

LANE_MOVES: Mapping[str, Move] = {
    "approve": Move(_UNDECIDED, LaneStatus.APPROVED, _APPROVER, "approvals.lane.approved"),
    "deny": Move(_UNDECIDED, LaneStatus.DENIED, _APPROVER, "approvals.lane.denied"),
    "ask": Move(_UNDECIDED, LaneStatus.ASKED, _APPROVER, "approvals.lane.asked"),
    "answer": Move(frozenset({LaneStatus.ASKED}), LaneStatus.WAITING, _OWNERS, "approvals.lane.answered"),
    "reopen": Move(
        _UNDECIDED | {LaneStatus.APPROVED}, LaneStatus.WAITING, _OWNERS, "approvals.lane.reopened"
    ),
}

OPEN = frozenset({RequestStatus.DRAFT, RequestStatus.PENDING})
FINAL = frozenset(RequestStatus) - OPEN


def move(status: str, verb: str) -> RequestStatus:
    """Where `verb` takes a request from `status`. Raises IllegalMove where the table has no such move."""
    return RequestStatus(_target(REQUEST_MOVES, status, verb))


def move_lane(status: str, verb: str) -> LaneStatus:
    """Where `verb` takes a lane from `status`. Raises IllegalMove where the table has no such move."""
    return LaneStatus(_target(LANE_MOVES, status, verb))


def _target(moves: Mapping[str, Move], status: str, verb: str) -> StrEnum:
    found = moves.get(verb)
    if found is None or status not in found.sources:
        raise IllegalMove(status, verb)
    return found.target
