"""What Cloud Identity's documents say: groups, memberships, operations that failed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grants.connectors.errors import Conflict, ConnectorError, Permanent
from grants.connectors.google_errors import ALREADY_EXISTS, NO_EXPIRY
from grants.connectors.google_names import Mark, moment_of

GROUPS = "Cloud Identity"


@dataclass(frozen=True, slots=True)
class Group:
    """A group. `mark`: None when its description carries none of ours for this target."""

    name: str
    address: str
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody in a group. `ends`: when it ends by itself, None when not (or when the look does not tell)."""

    name: str
    address: str
    kind: str = "USER"
    ends: datetime | None = None
    roles: tuple[str, ...] = ("MEMBER",)


def membership(document: dict[str, Any]) -> Membership:
    """A membership; of a view that is not full, without roles and end."""
    roles: Sequence[dict[str, Any]] = document.get("roles", [])
    ends = [moment_of(one.get("expiryDetail", {}).get("expireTime", "")) for one in roles]
    return Membership(
        name=str(document.get("name", "")),
        address=str(document.get("preferredMemberKey", {}).get("id", "")).lower(),
        kind=str(document.get("type", "USER")),
        ends=next((one for one in ends if one is not None), None),
        roles=tuple(str(one.get("name", "")) for one in roles),
    )


def failed(error: dict[str, Any]) -> ConnectorError:
    """An operation that ended badly: the same meanings as an answer (connectors.md A5)."""
    text = str(error.get("message", ""))
    if "4003" in text or error.get("code") == 6:
        return Conflict(f"{GROUPS}: it is there already.", code=ALREADY_EXISTS)
    if "3005" in text or "3006" in text:
        return Permanent(f"{GROUPS}: the licence does not let memberships end by themselves.", code=NO_EXPIRY)
    return Permanent(f"{GROUPS} could not make the change.", code=str(error.get("code", "")))


def quoted(address: str) -> str:
    """An address within the quotes of a query."""
    return address.replace("\\", "\\\\").replace("'", "\\'")
