"""The difference between the lines a grant should have and those it has. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from grants.delivery.states import REMOVING

Line = tuple[str, str, str]
"""Target, kind and key."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Lines to write as wanted, lines to mark as unwanted, and lines that went away and are wanted again."""

    create: frozenset[Line]
    drop: frozenset[Line]
    again: frozenset[Line] = frozenset()


def plan(desired: Set[Line], present: Mapping[Line, str]) -> Plan:
    """What to write so that `present` (line -> status) becomes `desired`.

    A line on its way out, or gone, is taken back when it is desired again (a namespace given back, a cluster in use
    again): left as it is, its access would be put back by whoever works it and never be taken away with the grant.
    """
    missing = frozenset(desired - present.keys())
    gone = {line for line, status in present.items() if line not in desired and status not in REMOVING}
    back = {line for line, status in present.items() if line in desired and status in REMOVING}
    return Plan(create=missing, drop=frozenset(gone), again=frozenset(back))
