"""What differs between what live grants want at a target and what is there. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from grants.connectors.base import Entry, same_facts
from grants.delivery.drift_states import What
from grants.delivery.states import OPEN, Status

LONGEST_KEY = 255
Spot = tuple[str, str]
"""Kind and key of a place at the target looked at."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of delivery at a spot. `quiet`: nobody has worked on it around the time of the look.

    `pk` and `project`: its numbers, for whoever acts on the result.
    """

    status: str
    facts: str = ""
    quiet: bool = True
    pk: int = 0
    project: int = 0


class Ground(StrEnum):
    """What the lines of a spot say about it: only on firm and free ground a difference is somebody else's doing."""

    FIRM = "firm"  # seen in place by us, as it is wanted now
    STALE = "stale"  # seen in place by us, but something else is wanted now
    FREE = "free"  # nothing of ours should be there, and all that was is proven gone
    MOVING = "moving"  # delivery is still working on it


@dataclass(frozen=True, slots=True)
class Difference:
    """One spot that is not as it should be: what is wanted and what was seen there."""

    what: What
    spot: Spot
    wanted: Entry | None
    seen: Entry | None


@dataclass(slots=True)
class Comparison:
    """Every spot is in exactly one of these; what appeared beside ours is only among the differences."""

    differences: list[Difference] = field(default_factory=list)
    in_step: set[Spot] = field(default_factory=set)
    stale: set[Spot] = field(default_factory=set)
    moving: set[Spot] = field(default_factory=set)


def ground_of(lines: Sequence[Line], facts: str) -> Ground:
    """What lines say about their spot. `facts`: the digest of what is wanted there now, "" for nothing."""
    if any(line.status in OPEN or not line.quiet for line in lines):
        return Ground.MOVING
    standing = [line for line in lines if line.status == Status.VERIFIED]
    if not facts:
        return Ground.MOVING if standing else Ground.FREE
    if not standing:
        return Ground.MOVING
    return Ground.FIRM if any(line.facts == facts for line in standing) else Ground.STALE


def compare(
    wanted: Mapping[Spot, Entry],
    seen: Mapping[Spot, Entry],
    foreign: Mapping[Spot, Entry],
    grounds: Mapping[Spot, Ground],
) -> Comparison:
    """Judge every spot. One that nothing is known of is free; a wanted one that nothing is known of is not judged."""
    found = Comparison()
    for spot in sorted(wanted.keys() | seen.keys()):
        _judge(found, spot, wanted.get(spot), seen.get(spot), grounds.get(spot, Ground.FREE))
    for spot in sorted(foreign):
        found.differences.append(Difference(What.APPEARED, spot, None, foreign[spot]))
    return found


def _judge(found: Comparison, spot: Spot, wanted: Entry | None, seen: Entry | None, ground: Ground) -> None:
    known = (Ground.FREE,) if wanted is None else (Ground.FIRM, Ground.STALE)
    if ground not in known:
        found.moving.add(spot)
    elif wanted is not None and seen is not None and same_facts(wanted, seen):
        found.in_step.add(spot)
    elif ground == Ground.STALE:
        found.stale.add(spot)
    else:
        found.differences.append(Difference(_what(wanted, seen), spot, wanted, seen))


def _what(wanted: Entry | None, seen: Entry | None) -> What:
    if wanted is None:
        return What.LEFTOVER
    return What.VANISHED if seen is None else What.CHANGED


def merged(entries: Iterable[Entry]) -> dict[Spot, Entry]:
    """Entries by spot; what shares a spot (several foreign members of one policy) is one entry with all facts."""
    found: dict[Spot, Entry] = {}
    for entry in entries:
        spot = (entry.kind, fitting(entry.key))
        before = found.get(spot)
        if before is None:
            found[spot] = entry
        elif before != entry:
            facts = tuple(sorted({*before.attributes, *entry.attributes}))
            found[spot] = Entry(entry.target, *spot, facts)
    return found


def fitting(key: str) -> str:
    """A key as it can be kept. What stands beside ours is named by strangers: one odd name must not stop a scan.

    What is too long is cut, and its digest tells it apart.
    """
    plain = key.replace("\x00", "?")
    if len(plain) <= LONGEST_KEY:
        return plain
    return f"{plain[: LONGEST_KEY - 13]}-{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:12]}"


# What only gives access. Anything else may limit it (a quota, an end): without it there is more, not less.
GIVING = frozenset(
    [
        "action",
        "admin",
        "binding",
        "delete",
        "developer",
        "group",
        "image",
        "member",
        "pull",
        "push",
        "viewer",
    ]
)


def only_less(wanted: Entry | None, seen: Entry | None) -> bool:
    """Whether what is there gives only less than what is wanted: nothing is there that no grant gives."""
    if wanted is None:
        return seen is None
    if seen is None:
        return True
    asked, there = wanted.facts, seen.facts
    return there <= asked and all(name in GIVING for name, _ in asked - there)
