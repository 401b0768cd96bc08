"""The figures of costs, each once: what F1-F22 are, as functions of sums that anybody can recompute. Pure.

Names, definitions and formulas for readers stand in `definitions.FIGURES`; shared cost (F8) in `sharing`,
forecasts (F14-F17) in `forecasting`, unusual days (F18, F19) in `anomalies`. F5 and F6 are computed hour by hour
where the sums are kept; F22 needs pulls and is computed by the layer above.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from statistics import median

from audit.costs.types import HOUR_MS, ZERO, Sums

MEASURED_ENOUGH = Decimal("0.8")
"""Cost per active hour is told only where this much of the held hours was measured."""


def hours(ms: int) -> Decimal:
    """GPU hours of GPU milliseconds."""
    return Decimal(ms) / HOUR_MS


def held_hours(sums: Sums) -> Decimal:
    """F1. Held GPU hours: fraction x time, used or not. Held is the greater of requested and used."""
    return hours(sums.held_ms)


def active_hours(sums: Sums) -> Decimal:
    """F2. Active GPU hours: windows of ten minutes whose mean activity reached the threshold."""
    return hours(sums.active_ms)


def measured_hours(sums: Sums) -> Decimal:
    """F1m. The held hours whose activity is known."""
    return hours(sums.measured_ms)


def unmeasured_hours(sums: Sums) -> Decimal:
    """Held hours whose activity is not known: neither idle nor active, and always told apart."""
    return hours(sums.held_ms - sums.measured_ms)


def idle_hours(sums: Sums) -> Decimal:
    """F3. Held but idle: F1m - F2."""
    return hours(sums.measured_ms - sums.active_ms)


def idle_cost(sums: Sums) -> Decimal:
    """F3 in money: each idle hour at the rate of its own row."""
    return sums.idle_cost


def idle_share(sums: Sums) -> Decimal | None:
    """F3 as a share of F1m; None: nothing was measured."""
    return _over(sums.measured_ms - sums.active_ms, sums.measured_ms)


def average_activity(sums: Sums) -> Decimal | None:
    """F4. Mean activity of measured time (0-1), weighted by how much was held; None: nothing was measured."""
    return _over(sums.busy_ms, sums.measured_ms)


def unallocated(*, provisioned_ms: int, held_ms: int, unused_ms: int) -> int:
    """F5. Provisioned and neither held (F1) nor reserved and unused (F6), in ms; never negative."""
    return max(provisioned_ms - held_ms - unused_ms, 0)


def unused_reservation(*, reserved_ms: int, held_ms: int) -> int:
    """F6. Reserved and not held by those it is reserved for, in ms; never negative."""
    return max(reserved_ms - held_ms, 0)


def direct_cost(sums: Sums) -> Decimal:
    """F7. Held hours, each at the rate of its type, cluster, class and day."""
    return sums.cost


def total(*, direct: Decimal, unused: Decimal, shared: Decimal) -> Decimal:
    """F9. Direct cost, unused reservations and shared cost."""
    return direct + unused + shared


def unattributed_share(unattributed: Sums, everything: Sums) -> Decimal | None:
    """F10 as a share of the organisation's direct cost; None: there was none."""
    return _over(unattributed.cost, everything.cost)


def cost_per_active_hour(sums: Sums) -> Decimal | None:
    """F11. Direct cost of measured hours by F2; None: less than 80 % was measured, or nothing was active."""
    if sums.measured_ms < MEASURED_ENOUGH * sums.held_ms or not sums.active_ms:
        return None
    return sums.measured_cost / active_hours(sums)


def spend_to_date(totals: Iterable[Decimal]) -> Decimal:
    """F12. The totals (F9) of the period's days so far."""
    return sum(totals, ZERO)


def budget_use(*, spent: Decimal, budget: Decimal) -> Decimal:
    """F13. Spend by budget, as a share: 0.5 is half."""
    return spent / budget


def plan_index(*, use: Decimal, elapsed_days: int, days: int) -> Decimal | None:
    """F13. Budget use by the part of the period that is over: 1.00 is on plan; None on its first day."""
    return use * days / elapsed_days if elapsed_days else None


def change(now: Decimal, before: Decimal) -> Decimal | None:
    """The change against the period before, as a share; None: there was nothing before."""
    return _over(now - before, before)


def estimate_hours(*, people: int, hours_per_week: Decimal, weeks: Decimal) -> Decimal:
    """F20. GPU hours of planned use."""
    return people * hours_per_week * weeks


def estimate_accuracy(ratios: Sequence[Decimal]) -> Decimal | None:
    """F20 afterwards. The median of actual by estimated; None: no estimate is over."""
    return median(ratios) if ratios else None


def rounded(amounts: Sequence[Decimal], places: int = 2) -> list[Decimal]:
    """Amounts as they are shown: they add up to their rounded sum, and none is off by a whole last place.

    By largest remainder: all are rounded down, and what is left goes to those that lost most.
    """
    unit = Decimal(1).scaleb(-places)
    floors = [one.quantize(unit, ROUND_FLOOR) for one in amounts]
    spare = int((sum(amounts, ZERO).quantize(unit, ROUND_HALF_EVEN) - sum(floors, ZERO)) / unit)
    by_loss = sorted(range(len(floors)), key=lambda n: (floors[n] - amounts[n], n))
    for n in by_loss[:spare]:
        floors[n] += unit
    return floors


def _over(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return Decimal(part) / Decimal(whole) if whole else None
