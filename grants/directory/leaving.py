"""Asked before a file or a sign-in makes people leave: whose leaving must wait, because too much access hangs on it.

What people hold is known to higher rooms only, so the one who knows registers here (portal/wiring.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from audit.ledger.actors import Actor


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who would be disabled, and who (person, team) would leave a team, in one run of `source`."""

    disabled: frozenset[int]
    left: frozenset[tuple[int, int]]
    source: str


Gate = Callable[[Leaving, Actor, datetime], frozenset[int]]
_gates: list[Gate] = []


def register_gate(gate: Gate) -> None:
    """Have `gate` say whose leaving must wait. Called once, when the applications are ready."""
    _gates[:] = [gate]


def must_wait(leaving: Leaving, *, by: Actor, now: datetime) -> frozenset[int]:
    """The people whose leaving waits for an administrator. Inside `audited`, before anything of the run is written.

    They are not disabled, and nobody is told that they left their team.
    """
    if not leaving.disabled and not leaving.left:
        return frozenset()
    return frozenset(person for gate in _gates for person in gate(leaving, by, now))
