"""What every connector is: values in, values out, no Django, no models, no hidden clock."""

from collections.abc import Sequence
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

    `changed`: the outside system was altered by this call. `proven`: the result was seen at the outside
    system itself (read back, or denied in a trial). `at`: when it was seen, UTC.
    """

    change: Change
    changed: bool
    proven: bool
    detail: str
    at: datetime


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
