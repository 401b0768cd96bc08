"""When an ending is too much to happen unasked. Pure."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Held back is what ends more than `share` of a hundred live grants and more than `floor` grants."""

    share: int
    floor: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What a trigger would take: a grant, or one person's or image's part of it. `disables`: and the account."""

    grant_id: int
    person_id: int | None = None
    image_id: int | None = None
    disables: bool = False


Parts = Mapping[int, Set[tuple[str, int]]]
"""Grant -> its present parts, as ("person", key) and ("image", key)."""


def is_too_much(*, counted: int, live: int, limits: Limits) -> bool:
    """Whether ending `counted` of `live` grants needs somebody's word."""
    return counted > limits.floor and counted * 100 > limits.share * live


def grants_hit(losses: Iterable[Loss], parts: Parts) -> set[int]:
    """The grants that count: those that end, and those that lose half or more of their people or images.

    A grant of forty that keeps its one robot-like lead is as good as ended for the other thirty-nine.
    """
    lost: dict[tuple[int, str], set[int]] = {}
    whole = set()
    for loss in losses:
        if loss.person_id is not None:
            lost.setdefault((loss.grant_id, "person"), set()).add(loss.person_id)
        elif loss.image_id is not None:
            lost.setdefault((loss.grant_id, "image"), set()).add(loss.image_id)
        else:
            whole.add(loss.grant_id)
    for (grant, kind), keys in lost.items():
        present = {key for of, key in parts.get(grant, frozenset()) if of == kind}
        if 2 * len(keys) >= len(present | keys):
            whole.add(grant)
    return whole
