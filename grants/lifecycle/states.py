"""The grant's states as a table: from where, to where, who may, and what the ledger calls it. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum


class GrantStatus(StrEnum):
    """Where a grant stands. `ended` is written only after the targets were seen to refuse."""

    SCHEDULED = "scheduled"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    REVOKING = "revoking"
    ENDED = "ended"
    FAILED = "failed"


class EndReason(StrEnum):
    """Why access was taken away."""

    EXPIRED = "expired"
    PROJECT_DONE = "project_done"
    RETURNED = "returned"
    REVOKED = "revoked"
    REVIEW = "review"
    MEMBER_LEFT = "member_left"
    IMAGE_BLOCKED = "image_blocked"
    BREAK_GLASS_OVER = "break_glass_over"


class Role(StrEnum):
    """What a grant allows on its images: pull; pull and push tags; also delete."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    ADMIN = "admin"


class Trigger(StrEnum):
    """What may end many grants at once without anybody deciding on each: the brake counts them by kind."""

    JIRA = "jira"
    CLOSING = "closing"
    IMAGE = "image"
    PEOPLE = "people"


class HoldState(StrEnum):
    """Where an ending that the brake held back stands."""

    HELD = "held"
    RELEASED = "released"
    REFUSED = "refused"


HOLD_MOVES: Mapping[str, tuple[HoldState, HoldState]] = {
    "release": (HoldState.HELD, HoldState.RELEASED),
    "refuse": (HoldState.HELD, HoldState.REFUSED),
}
"""Both by an administrator, with a reason; refusing also by the cause itself, when it is taken back."""

ALLOWING = (GrantStatus.PROVISIONING, GrantStatus.ACTIVE)
LIVE = (GrantStatus.SCHEDULED, *ALLOWING)
FINAL = (GrantStatus.ENDED, GrantStatus.FAILED)

ROLES = [(role.value, role.value) for role in Role]
STATUSES = [(status.value, status.value) for status in GrantStatus]
TRIGGERS = [(kind.value, kind.value) for kind in Trigger]
HOLD_STATES = [(state.value, state.value) for state in HoldState]
END_REASONS = [(reason.value, reason.value) for reason in EndReason]


class Who(StrEnum):
    """Who somebody is to a grant. The last five are rooms and the clock: consequences, not wishes of a person."""

    MEMBER = "member"
    LEAD = "lead"
    APPROVER = "approver"
    SECURITY = "security"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    STRANGER = "stranger"
    OPERATOR = "operator"
    CLOCK = "clock"
    DELIVERY = "delivery"
    DIRECTORY = "directory"
    CATALOGUE = "catalogue"
    TRACKER = "tracker"


@dataclass(frozen=True, slots=True)
class Move:
    """One way a grant may change: its sources, its target (None: the status stays), and the event it records.

    `who` may ask for it, unless they are one of `never` too: nobody lengthens their own access. `event` is
    what the signal and the live topic say; `reason` is why access ends, where the move alone decides that.
    """

    sources: Set[GrantStatus]
    target: GrantStatus | None
    who: Set[Who]
    kind: str
    event: str
    never: Set[Who] = frozenset()
    reason: EndReason | None = None


_ALLOWING, _LIVE = frozenset(ALLOWING), frozenset(LIVE)
_SCHEDULED, _PROVISIONING = frozenset({GrantStatus.SCHEDULED}), frozenset({GrantStatus.PROVISIONING})
_REVOKING = frozenset({GrantStatus.REVOKING})
_OWN = frozenset({Who.MEMBER, Who.LEAD})

MOVES: Mapping[str, Move] = {
    "start": Move(
        _SCHEDULED,
        GrantStatus.PROVISIONING,
        frozenset({Who.CLOCK}),
        "grants.grant.started",
        "started",
    ),
    "activate": Move(
        _PROVISIONING,
        GrantStatus.ACTIVE,
        frozenset({Who.DELIVERY}),
        "grants.grant.activated",
        "active",
    ),
    "extend": Move(
        _LIVE,
        None,
        frozenset({Who.ADMINISTRATOR, Who.APPROVER, Who.OPERATOR}),
        "grants.grant.extended",
        "extended",
        never=_OWN,
    ),
    "expire": Move(
        _LIVE,
        GrantStatus.REVOKING,
        frozenset({Who.CLOCK}),
        "grants.grant.expired",
        "revoking",
        reason=EndReason.EXPIRED,
    ),
    "give_back": Move(
        _LIVE,
        GrantStatus.REVOKING,
        frozenset({Who.LEAD, Who.ADMINISTRATOR, Who.OPERATOR}),
        "grants.grant.returned",
        "revoking",
        reason=EndReason.RETURNED,
    ),
    "revoke": Move(
        _LIVE,
        GrantStatus.REVOKING,
        frozenset({Who.ADMINISTRATOR, Who.SECURITY, Who.OPERATOR}),
        "grants.grant.revoked",
        "revoking",
        reason=EndReason.REVOKED,
    ),
    "end_project": Move(
        _LIVE,
        GrantStatus.REVOKING,
        frozenset({Who.TRACKER}),
        "grants.grant.project-done",
        "revoking",
        reason=EndReason.PROJECT_DONE,
    ),
    "lose_last_member": Move(
        _LIVE,
        GrantStatus.REVOKING,
        frozenset({Who.DIRECTORY}),
        "grants.grant.emptied",
        "revoking",
        reason=EndReason.MEMBER_LEFT,
    ),
    "lose_last_image": Move(
        _LIVE,
        GrantStatus.REVOKING,
        frozenset({Who.CATALOGUE}),
        "grants.grant.emptied",
        "revoking",
        reason=EndReason.IMAGE_BLOCKED,
    ),
    "finish": Move(
        _REVOKING,
        GrantStatus.ENDED,
        frozenset({Who.DELIVERY}),
        "grants.grant.ended",
        "ended",
    ),
    "give_up": Move(
        _REVOKING,
        GrantStatus.FAILED,
        frozenset({Who.DELIVERY}),
        "grants.grant.failed",
        "failed",
    ),
}


class No(StrEnum):
    """Why a move is refused."""

    NOT_ALLOWED = "not_allowed"
    OWN_ACCESS = "own_access"
    NOT_STARTED = "not_started"
    ALREADY = "already"
    ENDING = "ending"
    OVER = "over"


def refusal_code(name: str, *, status: str, roles: Set[Who]) -> No | None:
    """Why somebody with these roles cannot make this move from this status; None when they can.

    Who asks is judged before where the grant stands, so that a stranger learns nothing about it.
    """
    move = MOVES[name]
    if not roles & move.who:
        return No.NOT_ALLOWED
    if roles & move.never:
        return No.OWN_ACCESS
    return None if status in move.sources else _wrong_state(move, GrantStatus(status))


def _wrong_state(move: Move, status: GrantStatus) -> No:
    if status in FINAL:
        return No.OVER
    if status == GrantStatus.REVOKING:
        return No.ENDING
    return No.NOT_STARTED if status == GrantStatus.SCHEDULED or move.target in FINAL else No.ALREADY
