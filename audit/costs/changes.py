"""Before and after: what previews show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from audit.costs.types import ZERO

_DAYS = """
    SELECT day, sum(rows)::bigint, sum(held_ms)::bigint, sum(cost) FROM (
        SELECT day, count(*) AS rows, sum(held_ms) AS held_ms, sum(cost) AS cost
        FROM costs_usage WHERE day = ANY(%(days)s) GROUP BY day
        UNION ALL
        SELECT day, 0, 0, unused_cost FROM costs_reservationday WHERE day = ANY(%(days)s)
    ) parts GROUP BY day
"""


@dataclass(frozen=True, slots=True)
class DaySum:
    """Rows of usage on one day, GPU milliseconds held, and cost with unused reservations."""

    rows: int = 0
    held_ms: int = 0
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class DayChange:
    """One day as it is and as it would be."""

    day: date
    before: DaySum
    after: DaySum

    @property
    def differs(self) -> bool:
        """Whether anything would change."""
        return self.before != self.after

    @classmethod
    def of(cls, day: date, before: Mapping[date, DaySum], after: Mapping[date, DaySum]) -> "DayChange":
        """The change of a day between two looks."""
        return cls(day, before.get(day, DaySum()), after.get(day, DaySum()))


@dataclass(frozen=True, slots=True)
class LoadPreview:
    """What bringing something would do: the days that change, in order, or one text for each fault.

    Neither days nor faults: it was brought before exactly so.
    """

    days: tuple[DayChange, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamChange:
    """The cost of one team (empty: unattributed) on the days that a new rate touches; `month`: of this month."""

    team: str
    before: Decimal
    after: Decimal
    month_before: Decimal = ZERO
    month_after: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class RatesPreview:
    """What publishing rates would do. `expected_version` is what publishing must be asked with.

    `priced_ms` gets a price it had not, `unpriced_ms` loses its price; `closed` days would be restated,
    by `closed_after` less `closed_before`.
    """

    expected_version: int
    days: tuple[date, ...]
    closed: tuple[date, ...]
    teams: tuple[TeamChange, ...]
    priced_ms: int
    unpriced_ms: int
    before: Decimal
    after: Decimal
    closed_before: Decimal = ZERO
    closed_after: Decimal = ZERO


def day_sums(days: Sequence[date]) -> dict[date, DaySum]:
    """What the rows of the days add up to now."""
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"days": list(days)})
        return {day: DaySum(rows, held, cost) for day, rows, held, cost in cursor.fetchall()}
