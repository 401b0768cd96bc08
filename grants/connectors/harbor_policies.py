"""Our webhook policy of a Harbor project: how it is written, and what its description remembers. Pure.

A project's policy has one row of text that is ours to write. It remembers for which repositories the policy stands,
so that it goes with the last of them, and which groups we made members:

    {"purser": "main", "images": {"lib/torch": ["ml-fraud:5"]}, "groups": ["ml-fraud"]}
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grants.connectors.base import Entry
from grants.connectors.harbor_layout import WEAKEST_FIRST
from grants.connectors.harbor_names import IMAGE
from grants.connectors.harbor_pulls import header_for
from grants.connectors.harbor_settings import HarborSettings

EVENTS = ("PULL_ARTIFACT", "PUSH_ARTIFACT", "SCANNING_COMPLETED")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A group that is a member of a project."""

    id: int
    name: str
    role: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a policy's description says. `images`: repository to `group:role`s; `groups`: those we made members."""

    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()

    def with_image(self, entry: Entry) -> "Remembered":
        """The same with this entry's repository."""
        return replace(self, images={**self.images, entry.key: tuple(sorted(entry.values("group")))})

    def without(self, repository: str) -> "Remembered":
        """The same without a repository."""
        return replace(self, images={name: of for name, of in self.images.items() if name != repository})

    @property
    def roles(self) -> dict[str, int]:
        """The strongest role wanted for each group."""
        found: dict[str, int] = {}
        for group, role in (pair for pairs in self.images.values() for pair in map(_pair, pairs)):
            if group not in found or stronger(role, found[group]):
                found[group] = role
        return found


def read_memory(description: str, *, installation: str) -> Remembered | None:
    """What a description of ours remembers; None when it is not ours."""
    try:
        document = json.loads(description)
        if document["purser"] != installation:
            return None
        images = {str(name): tuple(map(str, groups)) for name, groups in document["images"].items()}
        return Remembered(images, frozenset(map(str, document["groups"])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def policy_name(settings: HarborSettings) -> str:
    """The name of our policy in every project."""
    return f"{settings.prefix}-pulls"


def policy_body(project: str, memory: Remembered, settings: HarborSettings) -> dict[str, Any]:
    """Our policy of a project."""
    images = {name: list(groups) for name, groups in sorted(memory.images.items())}
    document = {"purser": settings.installation, "images": images, "groups": sorted(memory.groups)}
    return {
        "name": policy_name(settings),
        "description": json.dumps(document),
        "enabled": True,
        "event_types": list(EVENTS),
        "targets": [_target(project, settings)],
    }


def _target(project: str, settings: HarborSettings) -> dict[str, Any]:
    # Several, separated by commas, while a secret is changed: the first is the new one.
    secret = settings.webhook_secret.partition(",")[0]
    return {
        "type": "http",
        "address": settings.webhook_url,
        "auth_header": header_for(secret, target=settings.target, project=project),
        "skip_cert_verify": False,
        "payload_format": settings.payload_format,
    }


def tells_us(policy: Row, project: str, settings: HarborSettings) -> bool:
    """Whether a policy is switched on and sends all we follow to us, with the project's own header."""
    targets = policy.get("targets") or []
    wanted = _target(project, settings)
    sends = any(all(target.get(name) == value for name, value in wanted.items()) for target in targets)
    return bool(policy.get("enabled")) and set(EVENTS) <= set(policy.get("event_types") or []) and sends


def entries_of(
    project: str, policy: Row, memory: Remembered, members: Iterable[Member], settings: HarborSettings
) -> list[Entry]:
    """The image entries that a project's policy and members stand for now."""
    webhook = "on" if tells_us(policy, project, settings) else "changed"
    roles = {member.name: member.role for member in members}
    found = []
    for repository, pairs in sorted(memory.images.items()):
        held = [pair for pair in pairs if _held(*_pair(pair), roles, memory)]
        groups = tuple(("group", pair) for pair in held)
        known = (("project", project), ("webhook", webhook))
        found.append(Entry(settings.target, IMAGE, repository, (*known, *groups)))
    return found


def _held(group: str, role: int, roles: Mapping[str, int], memory: Remembered) -> bool:
    """Whether a group has its role: one of ours just what is wanted of it, one of others at least that."""
    if group in memory.groups:
        return roles.get(group) == memory.roles[group]
    return group in roles and not stronger(role, roles[group])


def _pair(text: str) -> tuple[str, int]:
    group, _, role = text.rpartition(":")
    return group, int(role) if role.isascii() and role.isdigit() else 0


def stronger(one: int, other: int) -> bool:
    """Whether a role allows more than another; one nobody knows allows least."""
    return _rank(one) > _rank(other)


def _rank(role: int) -> int:
    return WEAKEST_FIRST.index(role) if role in WEAKEST_FIRST else -1
