"""How cost that belongs to nobody alone is shared between teams (F8). Pure, exact to the millionth."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from audit.costs.types import ZERO

MICRO = 1_000_000
"""Money is shared in whole millionths, the precision it is stored with."""


class Method(StrEnum):
    """How a day's unallocated cost and overhead are shared: not at all, by direct cost, by quota, or equally."""

    NONE = "none"
    DIRECT = "direct"
    QUOTA = "quota"
    EQUAL = "equal"


def part(pool: Decimal, *, before: Decimal, own: Decimal, total: Decimal) -> Decimal:
    """What of `pool` falls to a weight of `own` among weights of `total`, `before` of which stand in front.

    The pool up to and with the own weight, rounded down to the millionth, less the same without it: parts of
    all weights add up to the pool exactly, none is negative, and none is further than a millionth from
    `pool * own / total`. Nothing is shared when there is no weight.
    """
    if total <= 0:
        return ZERO
    micros, whole = _micros(pool), _micros(total)
    return _money(micros * _micros(before + own) // whole - micros * _micros(before) // whole)


def shares(pool: Decimal, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What of `pool` falls to each key, in the order of their names; {} when there is no weight at all."""
    total, before = sum(weights.values(), ZERO), ZERO
    found: dict[str, Decimal] = {}
    for name in sorted(weights) if total > 0 else ():
        found[name] = part(pool, before=before, own=weights[name], total=total)
        before += weights[name]
    return found


def days_of(amount: Decimal, days: int) -> list[Decimal]:
    """An amount of a month laid on its days evenly: they add up to it exactly."""
    even = Decimal(1)
    return [part(amount, before=n * even, own=even, total=days * even) for n in range(days)]


def _micros(value: Decimal) -> int:
    return int(value * MICRO)


def _money(micros: int) -> Decimal:
    return Decimal(micros).scaleb(-6)
