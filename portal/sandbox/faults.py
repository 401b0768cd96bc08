"""How stand-ins fail: a schedule of faults, written out or drawn from a seed, the same for every system."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    """One way to fail. In the first four nothing happened; after the next three it did, or did in part."""

    CONFLICT = "conflict"  # 409: somebody else changed it in between
    PRECONDITION = "precondition"  # 412
    THROTTLED = "throttled"  # 429 with Retry-After
    BROKEN = "broken"  # 500, and nothing was done
    LOST = "lost"  # done, and the answer never came: the caller runs into its time-out
    RESET = "reset"  # done, and the connection broke in the middle of the answer
    PARTIAL = "partial"  # the first half of a batch was done, then 500; a single change was not done
    LYING = "lying"  # answered like a success, but nothing was done
    STALE = "stale"  # a read is answered with how things were before the last changes
    SLOW = "slow"  # done and answered, late


WRITES_ONLY = frozenset({FaultKind.CONFLICT, FaultKind.PRECONDITION, FaultKind.PARTIAL, FaultKind.LYING})
READS_ONLY = frozenset({FaultKind.STALE})


@dataclass(slots=True)
class Fault:
    """One fault to come: it meets the next `times` calls whose path contains `path`.

    `seconds`: how late, or how long Retry-After asks to wait.
    """

    kind: FaultKind
    path: str = ""
    times: int = 1
    seconds: float = 0.0

    def fits(self, method: str, path: str) -> bool:
        """Whether this fault can befall that call."""
        reads = method in ("GET", "HEAD")
        wrong = (reads and self.kind in WRITES_ONLY) or (not reads and self.kind in READS_ONLY)
        return not wrong and self.path in path


@dataclass(slots=True)
class Schedule:
    """The faults to come, and the calls so far (`calls`: method and path of each, for counting)."""

    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def next_for(self, method: str, path: str) -> Fault | None:
        """Note the call and take the first fault that fits it; None for none."""
        self.calls.append((method, path))
        for fault in self.faults:
            if fault.fits(method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    @property
    def over(self) -> bool:
        """Whether no fault is left."""
        return not self.faults


def seeded(seed: int, *, count: int, kinds: Sequence[FaultKind] = tuple(FaultKind)) -> Schedule:
    """A schedule of `count` faults of these kinds drawn from a seed: the same seed, the same faults."""
    chance = random.Random(seed)  # noqa: S311 - a schedule that can be repeated, not a secret
    return Schedule([Fault(chance.choice(kinds), seconds=chance.choice((0.0, 0.01))) for _ in range(count)])
