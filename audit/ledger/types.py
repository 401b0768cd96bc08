"""Values of the ledger: what an event says, who may see which events, and what a page asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]
Detail = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that waits for its block to end; `detail` is canonical JSON text already."""

    kind: str
    actor: str
    actor_name: str
    subject: str
    project: str
    team: str
    person: str
    image: str
    detail: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events a viewer may see, computed by the layer above from who they are.

    `everything` is for auditors; else the events of these teams (keys) and those about or by these
    persons (actor labels, e.g. `person:12`).
    """

    everything: bool = False
    teams: frozenset[str] = field(default_factory=frozenset)
    persons: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class EventFilters:
    """What a list or download of events is narrowed to; an empty value narrows nothing.

    `since` is inclusive and `until` exclusive; `kind` is a whole kind or a prefix at a dot
    (`grants.grant`); `text` is looked for in name, subject and detail without regard to case;
    `without_system` leaves out what Purser did by itself.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    person: str = ""
    subject: str = ""
    kind: str = ""
    project: str = ""
    team: str = ""
    image: str = ""
    text: str = ""
    without_system: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The sequence numbers one block has written, both ends included."""

    first: int
    last: int
