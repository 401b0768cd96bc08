"""Which days are far from what is usual (F18), and what made them so (F19). Pure."""

from collections.abc import Collection, Iterable, Mapping
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
    days = [one for one in (day - timedelta(days=n) for n in range(1, DAYS + 1)) if one >= first]
    usual_days = [one for one in days if one not in flagged]
    if len(usual_days) < LEAST_DAYS:
        return None
    factor = _weekday_factors(history, day=day, first=first, flagged=flagged)
    amount = history.get(day, ZERO)
    evened = [history.get(one, ZERO) / factor[one.weekday()] for one in usual_days]
    middle = median(evened)
    spread = median(abs(one - middle) for one in evened) or middle * SHARE_WITHOUT_SPREAD
    usual, off = middle * factor[day.weekday()], amount / factor[day.weekday()] - middle
    if not spread:
        spread = SHARE_WITHOUT_SPREAD
    score = SCALE * off / spread
    least = max(LEAST_MONEY, SHARE_OF_BUDGET * daily_budget if daily_budget else ZERO)
    if abs(score) <= LIMIT or abs(amount - usual) < least:
        return None
    return Verdict(day, amount, _rounded(usual, 6), _rounded(score, 3), high=off > 0)


def causes(
    before: Mapping[tuple[By, str], Iterable[Decimal]], now: Mapping[tuple[By, str], Decimal], *, high: bool
) -> list[Cause]:
    """What a day was made of that is not usual, greatest first: per value its cost less its usual cost.

    `before` has the cost of each value on each of the usual days (zeros may be left out at the end only),
    `now` on the day itself. For a day of too little, what is missing.
    """
    values = set(now) | set(before)
    usual = {value: median(before.get(value, ()) or [ZERO]) for value in values}
    found = [Cause(by, value, now.get((by, value), ZERO) - usual[by, value]) for by, value in values]
    told = [one for one in found if (one.amount > 0) == high and one.amount]
    return sorted(told, key=lambda one: (-abs(one.amount), one.by, one.value))[:MOST_CAUSES]


def _weekday_factors(
    history: History, *, day: date, first: date, flagged: Collection[date]
) -> dict[int, Decimal]:
    """How much of an average day each weekday costs; 1 for all while there are fewer than eight weeks."""
    span = [day - timedelta(days=n) for n in range(1, 7 * WEEKS_FOR_WEEKDAYS + 1)]
    even = dict.fromkeys(range(7), Decimal(1))
    if span[-1] < first:
        return even
    known = [one for one in span if one not in flagged]
    middles = {
        weekday: median([history.get(one, ZERO) for one in known if one.weekday() == weekday] or [ZERO])
        for weekday in range(7)
    }
    mean = sum(middles.values(), ZERO) / 7
    return {weekday: middles[weekday] / mean for weekday in middles} if all(middles.values()) else even


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places))
