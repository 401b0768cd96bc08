"""What every connector is: values in, values out, no Django, no models, no hidden clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact of access at a target: `kind` and `key` identify it, `attributes` say what it covers.

    Attribute names may repeat (`("image", "a"), ("image", "b")`); their order carries no meaning.
    """

    target: str
    kind: str
    key: str
    attributes: Attributes = ()

    @property
    def identity(self) -> tuple[str, str, str]:
        """Target, kind and key: two entries with one identity are the same entry."""
        return (self.target, self.kind, self.key)

    @property
    def facts(self) -> frozenset[tuple[str, str]]:
        """What it says, in no order; attributes named `seen_*` are only about the look."""
        return frozenset(pair for pair in self.attributes if not pair[0].startswith("seen_"))

    def values(self, name: str) -> tuple[str, ...]:
        """All values of one attribute, in the order given; empty when it is absent."""
        return tuple(value for key, value in self.attributes if key == name)

    def first(self, name: str, default: str = "") -> str:
        """The first value of an attribute, or `default`."""
        return next(iter(self.values(name)), default)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan."""

    action: Literal["apply", "remove"]
    entry: Entry


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to. Already there and already gone are outcomes, not errors.

    `changed`: the outside system was altered by this call. `proven`: the result was seen in force at the outside
    system itself (read back where that is enough, tried out where it takes effect later). `at`: when it was seen,
    UTC. `ends_itself_at`: when the target will end the entry without us, None when it will not. `again_at`: when
    the entry needs us again although all is well (a secret to rotate, an expiry to renew), None for never.
    """

    change: Change
    changed: bool
    proven: bool
    detail: str
    at: datetime
    ends_itself_at: datetime | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a trial of access showed: `allowed` is what the outside system really did, at `at` (UTC)."""

    allowed: bool
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at: these entries, or, when there are none, everything the target can list."""

    target: str
    entries: tuple[Entry, ...] = ()


@runtime_checkable
class Connector(Protocol):
    """A kind of target. Every call has a timeout and raises only `ConnectorError`s."""

    def observe(self, scope: Scope) -> Sequence[Entry]:
        """The entries of the scope that are in force now."""

    def apply(self, change: Change) -> Outcome:
        """Make the entry true. Repeating it is harmless."""

    def remove(self, change: Change) -> Outcome:
        """Make the entry untrue and say whether that was proven. Repeating it is harmless."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One person of a live grant. `subject`: `person:<id>`; `address`: the primary verified e-mail address."""

    subject: str
    address: str


@dataclass(frozen=True, slots=True)
class Holding:
    """One live grant as a target sees it.

    `images`: repositories of the target, or whole references `host/repository` where the target is a cluster.
    `team`, `project`: their keys. `gpus`: the project's quota. `ends`: UTC.
    """

    grant: int
    project: str
    team: str
    role: str
    holders: tuple[Holder, ...]
    images: tuple[str, ...]
    ends: datetime
    namespace: str = ""
    gpus: int = 0
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a grant shows at a target.

    Of kind `member` (key `person:<id>`), `image` (key: the repository), or a kind of the connector's own that belongs
    to the whole project (`group`, `tenant`, ...).
    """

    kind: str
    key: str


MEMBER_PLACE, IMAGE_PLACE = "member", "image"


@runtime_checkable
class Layout(Protocol):
    """How grants become entries at a target that keeps entries. Pure: the same holdings, the same entries.

    What two grants both justify is one entry, computed from both: access ends with the last of them.
    """

    def places(self, holding: Holding) -> Sequence[Place]:
        """Where this grant shows: people + images + a few, never people x images. No place twice."""

    def entry(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        """What all these live holdings together want at the place; None when nothing should be there.

        `holdings` are those that can matter: of the person for a member place (with this holder only), of the
        repository for an image place (without holders), of the project for any other.
        """

    def empty(self, place: Place) -> Entry:
        """The place's entry with nothing in it: what to remove when no holding wants it."""

    def lock(self, place: Place) -> str:
        """Places with the same lock change one thing outside and are worked one after the other."""

    def problems(self, holding: Holding) -> Sequence[str]:
        """Why the target cannot hold this grant, as plain sentences; empty when it can.

        Too many people for a policy, a name it does not accept, ...: asked before anybody approves.
        """


@runtime_checkable
class KnowsEnds(Protocol):
    """A layout may say how far a target's own end of a place reaches; without it, nothing is promised of that end."""

    def own_end(self, place: Place) -> Literal["whole", "part", "idle"]:
        """What is over at the target's own end of the place.

        `whole`: all access through it. `part`: only some, the rest stays until it is taken away. `idle`: the place
        lets nobody in by itself (a webhook, a group's binding), so whether it ends does not matter.
        """


@runtime_checkable
class Warns(Protocol):
    """A layout that knows what an approver should think of."""

    def warnings(self, holding: Holding) -> Sequence[str]:
        """What this grant would mean beyond what was asked, as plain sentences."""


def same_facts(one: Entry, other: Entry) -> bool:
    """Whether two entries of one identity say the same; attributes named `seen_*` are only about the look."""
    return one.identity == other.identity and one.facts == other.facts


@runtime_checkable
class Finds(Protocol):
    """What nobody asked for can be found: the ground of drift."""

    def foreign(self, scope: Scope) -> Iterable[Entry]:
        """Entries beside ours in the places we manage: never touched, only reported. `seen_owner` says whose."""


@runtime_checkable
class ExpiresNatively(Protocol):
    """The target itself can end an entry: a second line behind our own clock."""

    def expire(self, entry: Entry, at: datetime) -> Outcome:
        """Set the target's own expiry of the entry to `at` (UTC)."""


@runtime_checkable
class Probes(Protocol):
    """Access can be tried out."""

    def probe(self, entry: Entry) -> ProbeResult:
        """Try the access the entry stands for and say what happened. Changes nothing."""


@runtime_checkable
class Describes(Protocol):
    """The target can say in words how an entry looks to the people who use it."""

    def describe(self, entry: Entry) -> str:
        """One plain sentence in English about the entry."""
