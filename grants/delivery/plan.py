"""The difference between the lines a grant should have and those it has. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from grants.delivery.states import REMOVING

Line = tuple[str, str, str]
"""Target, kind and key."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Lines to write as wanted, and lines to mark as unwanted."""

    create: frozenset[Line]
    drop: frozenset[Line]


def plan(desired: Set[Line], present: Mapping[Line, str]) -> Plan:
    """What to write so that `present` (line -> status) becomes `desired`; a line on its way out stays so."""
    missing = frozenset(desired - present.keys())
    gone = {line for line, status in present.items() if line not in desired and status not in REMOVING}
    return Plan(create=missing, drop=frozenset(gone))
