"""What the Google stand-in keeps, and what of it is in effect: written down and in effect are two times there."""

import pickle
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
CALLER = "purser@portal.iam.gserviceaccount.com"
PULLS = frozenset(f"roles/artifactregistry.{role}" for role in ("reader", "writer", "repoAdmin", "admin"))
_UNTIL = re.compile(r"""request\.time\s*<\s*timestamp\(["']([^"']+)["']\)""")
_NEVER_SEEN: list[Document] = []


@dataclass(slots=True)
class Delays:
    """Seconds until a change is in effect (connectors.md A3: removing is slower than adding)."""

    policy: float = 120.0
    join: float = 300.0
    leave: float = 3600.0
    account: float = 10.0


@dataclass(slots=True)
class GoogleState:
    """Everything. Times are epoch seconds of `clock()`: of a virtual clock when `start` is given.

    `licence`: memberships may end by themselves. `transitive`: checkTransitiveMembership is answered. `mask`: the
    spelling of the field mask that is accepted.
    """

    customer: str = "C0sandbox"
    domain: str = "example.com"
    start: float | None = None
    offset: float = 0.0
    licence: bool = True
    transitive: bool = True
    mask: str = "expiry_detail.expire_time"
    delays: Delays = field(default_factory=Delays)
    repositories: dict[str, Document] = field(default_factory=dict)
    images: dict[str, dict[str, list[Document]]] = field(default_factory=dict)
    policies: dict[str, Document] = field(default_factory=dict)
    history: dict[str, list[Document]] = field(default_factory=dict)
    groups: dict[str, Document] = field(default_factory=dict)
    past: list[Document] = field(default_factory=list)
    accounts: dict[str, Document] = field(default_factory=dict)
    tokens: dict[str, Document] = field(default_factory=dict)
    serial: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> "GoogleState":
        """A copy by way of pickle: many times faster, and the stand-in makes one before each change."""
        return GoogleState(**pickle.loads(pickle.dumps({one: getattr(self, one) for one in self.__slots__})))  # noqa: S301 - our own bytes

    def delete_group(self, key: str) -> None:
        """A group goes: policies name it as deleted from then on; its members are acted on for a while."""
        gone = self.groups[key]
        for membership in gone["members"].values():
            self.remember_leaving(gone["address"], membership)
        del self.groups[key]
        old, new = f"group:{gone['address']}", f"deleted:group:{gone['address']}?uid={key}"
        for resource, policy in list(self.policies.items()):
            if any(old in one["members"] for one in policy["bindings"]):
                self.write_policy(resource, [_renamed(one, old, new) for one in policy["bindings"]])

    def clock(self) -> float:
        """The present."""
        return (time.time() if self.start is None else self.start) + self.offset

    def next(self) -> int:
        """A number nobody had before."""
        self.serial += 1
        return self.serial

    def add_repository(self, resource: str) -> None:
        """A Docker repository with nothing in it."""
        self.repositories[resource] = {
            "name": resource, "format": "DOCKER", "mode": "STANDARD_REPOSITORY"}  # fmt: skip
        self.images[resource] = {}

    def add_image(self, resource: str, name: str, *, digest: str, tags: list[str], size: int = 1000) -> None:
        """One version of an image; a second time it replaces itself."""
        version = {"digest": digest, "tags": tags, "size": size, "uploaded": stamp(self.clock())}
        versions = self.images[resource].setdefault(name, [])
        versions[:] = [*(one for one in versions if one["digest"] != digest), version]

    def policy(self, resource: str) -> Document:
        """The policy as it is written down."""
        return self.policies.setdefault(resource, {"etag": f"etag-{self.next()}", "bindings": []})

    def write_policy(self, resource: str, bindings: list[Document]) -> Document:
        """Write a policy down; what it replaces stays in effect for a while."""
        before = self.policy(resource)
        kept = self.history.setdefault(resource, [])
        kept.append({"until": self.clock() + self.delays.policy, "bindings": before["bindings"]})
        self.history[resource] = [one for one in kept if one["until"] > self.clock()]
        self.policies[resource] = {"etag": f"etag-{self.next()}", "bindings": bindings}
        return self.policies[resource]

    def bindings_in_effect(self, resource: str) -> list[Document]:
        """The bindings Google acts on now: those before the changes that are too young."""
        waiting = [one for one in self.history.get(resource, _NEVER_SEEN) if one["until"] > self.clock()]
        found: list[Document] = (waiting[0] if waiting else self.policy(resource))["bindings"]
        return found

    def group_by_address(self, address: str) -> str | None:
        """The id of a group."""
        wanted = address.lower()
        return next((key for key, one in self.groups.items() if one["address"] == wanted), None)

    def live_members(self, group: str) -> dict[str, Document]:
        """The memberships of a group whose time is not over."""
        now = self.clock()
        return {
            key: one
            for key, one in self.groups[group]["members"].items()
            if one["ends"] is None or one["ends"] > now
        }

    def remember_leaving(self, address: str, membership: Document) -> None:
        """A membership was taken away: it counts on for a while, if it ever counted."""
        now = self.clock()
        self.past = [one for one in self.past if one["until"] > now]
        if membership["since"] + self.delays.join <= now:
            self.past.append(
                {"group": address, "address": membership["address"], "until": now + self.delays.leave}
            )

    def counts(self, address: str, group: str, *, depth: int = 0) -> bool:
        """Whether Google counts somebody as a member of a group (an address) now; nesting takes longer."""
        now = self.clock()
        if any(
            (one["group"], one["address"]) == (group, address) and one["until"] > now for one in self.past
        ):
            return True
        key = self.group_by_address(group)
        if key is None or depth > 3:
            return False
        old = [
            one
            for one in self.live_members(key).values()
            if one["since"] + self.delays.join * (depth + 1) <= now
        ]
        nested = (one["address"] for one in old if one["type"] == "GROUP")
        return any(one["address"] == address for one in old) or any(
            self.counts(address, inner, depth=depth + 1) for inner in nested
        )

    def may_pull(self, email: str, resource: str) -> bool:
        """Whether a pull from a repository is let in now."""
        open_now = [
            one for one in self.bindings_in_effect(resource) if one["role"] in PULLS and self._holds(one)
        ]
        return any(self._is(member, email) for binding in open_now for member in binding["members"])

    def _is(self, member: str, email: str) -> bool:
        kind, _, name = member.partition(":")
        if kind == "deleted":  # what was deleted a moment ago is still acted on
            kind, _, name = name.partition("?")[0].partition(":")
        if kind == "group":
            return self.counts(email, name)
        return kind in ("user", "serviceAccount") and name == email

    def _holds(self, binding: Document) -> bool:
        found = _UNTIL.search(binding.get("condition", {}).get("expression", ""))
        return found is None or self.clock() < datetime.fromisoformat(found[1]).timestamp()


def stamp(seconds: float) -> str:
    """A moment as Google writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """A moment Google's clients wrote."""
    return datetime.fromisoformat(text).timestamp()


def _renamed(binding: Document, old: str, new: str) -> Document:
    return {**binding, "members": [new if member == old else member for member in binding["members"]]}
