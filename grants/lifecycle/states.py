"""The grant's states as a table: from where, to where, who may, and what the ledger calls it. Pure."""

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


ALLOWING = (GrantStatus.PROVISIONING, GrantStatus.ACTIVE)
LIVE = (GrantStatus.SCHEDULED, *ALLOWING)
FINAL = (GrantStatus.ENDED, GrantStatus.FAILED)

ROLES = [(role.value, role.value) for role in Role]
STATUSES = [(status.value, status.value) for status in GrantStatus]
END_REASONS = [(reason.value, reason.value) for reason in EndReason]


@dataclass(frozen=True)
class Move:
    """One way a grant may change: its sources, its target, who may ask for it, and the event it records."""

    sources: tuple[GrantStatus, ...]
    target: GrantStatus
    who: tuple[str, ...]
    kind: str
