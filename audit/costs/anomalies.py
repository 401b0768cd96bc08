"""Which days are far from what is usual (F18), and what made them so (F19). Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from audit.costs.planning import Cause
from audit.costs.types import ZERO, By

DAYS = 28
LEAST_DAYS = 14
WEEKS_FOR_WEEKDAYS = 8
SCALE = Decimal("0.6745")
LIMIT = Decimal("3.5")
LEAST_MONEY = Decimal(50)
SHARE_OF_BUDGET = Decimal("0.1")
SHARE_WITHOUT_SPREAD = Decimal("0.05")
LEAST_SPREAD = Decimal(1)
"""Where neither the days differ nor anything is usual: a unit of money."""
MOST_SCORE = Decimal(999_999)
LEAST_WEEKDAYS = 4
MOST_CAUSES = 8
CAUSES = (By.PROJECT, By.PERSON, By.IMAGE, By.GPU_TYPE)

History = Mapping[date, Decimal]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A day that is unusual: what it cost, what is usual, and how far off it is. `high` False: too little."""

    day: date
    amount: Decimal
    usual: Decimal
    score: Decimal
    high: bool


def judge(
    history: History,
    *,
    day: date,
    first: date,
    flagged: Collection[date] = (),
    daily_budget: Decimal | None = None,
) -> Verdict | None:
    """Whether `day` is unusual against the last 28 complete days before it; None: it is not, or too early.

    `history` has every complete day from `first` on (missing: nothing was spent); `flagged` days are left out.
    Weekdays are evened out first when there are eight weeks. Too little counts as well: data may be missing.
    """
    days = usual_days(day, first=first, flagged=flagged)
    if len(days) < LEAST_DAYS:
        return None
    factors = _weekday_factors(history, day=day, first=first, flagged=flagged)
    evened = [history.get(one, ZERO) / factors[one.weekday()] for one in days if factors[one.weekday()]]
    middle, factor, amount = median(evened), factors[day.weekday()], history.get(day, ZERO)
    spread = median(abs(one - middle) for one in evened) or middle * SHARE_WITHOUT_SPREAD or LEAST_SPREAD
    # On a weekday on which nothing is usually spent, what is spent is all excess.
    usual = middle * factor
    score = SCALE * (amount / factor - middle if factor else amount) / spread
    least = max(LEAST_MONEY, SHARE_OF_BUDGET * daily_budget if daily_budget else ZERO)
    if abs(score) <= LIMIT or abs(amount - usual) < least:
        return None
    score = max(-MOST_SCORE, min(MOST_SCORE, score))
    return Verdict(day, amount, _rounded(usual, 6), _rounded(score, 3), high=score > 0)


def usual_days(day: date, *, first: date, flagged: Collection[date] = ()) -> list[date]:
    """The days that `day` is compared with."""
    days = (day - timedelta(days=n) for n in range(1, DAYS + 1))
    return [one for one in days if one >= first and one not in flagged]


def causes(
    before: Mapping[tuple[By, str], Sequence[Decimal]], now: Mapping[tuple[By, str], Decimal], *, high: bool
) -> list[Cause]:
    """What a day was made of that is not usual, greatest first: per value its cost less its usual cost.

    `before` has the cost of each value on each of the usual days, `now` on the day itself. For a day of too
    little, what is missing.
    """
    values = set(now) | set(before)
    usual = {value: median(before.get(value) or [ZERO]) for value in values}
    found = [Cause(by, value, now.get((by, value), ZERO) - usual[by, value]) for by, value in values]
    told = [one for one in found if (one.amount > 0) == high and one.amount]
    return sorted(told, key=lambda one: (-abs(one.amount), one.by, one.value))[:MOST_CAUSES]


def _weekday_factors(
    history: History, *, day: date, first: date, flagged: Collection[date]
) -> dict[int, Decimal]:
    """How much of an average day each weekday costs; 1 for all while there are fewer than eight weeks.

    Zero for weekdays on which nothing is usually spent; if that is most of them, none is told apart.
    """
    span = [day - timedelta(days=n) for n in range(1, 7 * WEEKS_FOR_WEEKDAYS + 1)]
    even = dict.fromkeys(range(7), Decimal(1))
    if span[-1] < first:
        return even
    known = [one for one in span if one not in flagged]
    middles = {
        weekday: median([history.get(one, ZERO) for one in known if one.weekday() == weekday] or [ZERO])
        for weekday in range(7)
    }
    busy = [one for one in middles.values() if one]
    if len(busy) < LEAST_WEEKDAYS:
        return even
    mean = sum(busy, ZERO) / len(busy)
    return {weekday: middle / mean for weekday, middle in middles.items()}


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places))
