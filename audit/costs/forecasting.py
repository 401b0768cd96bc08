"""What a period will cost by its end (F14-F17), from the cost of the days before. Pure and repeatable."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from statistics import median

from audit.costs import figures
from audit.costs.types import ZERO, Forecast, Period

WEEKS = 4
ENOUGH_FOR_WEEKDAYS = 14
ENOUGH = 3
ERROR_DAYS = 28
RESAMPLES = 1_000
LOW, HIGH = 10, 90
"""Percentiles of the range (F15)."""
_SEED = 20_260_101
_MICRO = 1_000_000

History = Mapping[date, Decimal]
"""The cost of each day; a complete day that is not in it cost nothing."""


def expected(history: History, *, first: date, today: date, day: date) -> Decimal | None:
    """What `day` is expected to cost, known at the beginning of `today`; None: too early to say.

    The median of the same weekday in the four weeks before `today`; the mean of the last seven days while
    there are fewer than 14 days since `first`, the first day of all; nothing while there are fewer than 3.
    """
    known = (today - first).days
    if known < ENOUGH:
        return None
    if known < ENOUGH_FOR_WEEKDAYS:
        last = [history.get(today - timedelta(days=n), ZERO) for n in range(1, min(7, known) + 1)]
        return _money(sum(last, ZERO) / len(last))
    nearest = today - timedelta(days=(today - day).days % 7 or 7)
    same = [nearest - timedelta(weeks=n) for n in range(WEEKS)]
    return _money(median(history.get(one, ZERO) for one in same if one >= first))


def forecast(
    history: History,
    *,
    period: Period,
    first: date,
    today: date,
    budget: Decimal | None = None,
    committed: Decimal = ZERO,
) -> Forecast:
    """Spend by the end of a period, its range, and the day `budget` is gone (F12, F14-F17).

    `history` holds every day from `first` on, `today` is the first day that is not complete; what is already
    known of `today` and later counts as spent, and such a day is never expected to cost less than that.
    """
    spent = figures.spend_to_date(history.get(day, ZERO) for day in period.each())
    ahead = [day for day in period.each() if day >= today]
    guesses = [expected(history, first=first, today=today, day=day) for day in ahead]
    if any(guess is None for guess in guesses):
        return Forecast(spent, None, None, None, committed, _gone(history, period, [], ahead, budget))
    daily = [max(guess or ZERO, history.get(day, ZERO)) for day, guess in zip(ahead, guesses, strict=True)]
    amount = spent + sum(
        (cost - history.get(day, ZERO) for day, cost in zip(ahead, daily, strict=True)), ZERO
    )
    low, high = spread(errors(history, first=first, today=today), len(ahead))
    return Forecast(
        spent=spent,
        amount=amount,
        low=None if low is None else max(spent, amount + low),
        high=None if high is None else max(spent, amount + high),
        committed=committed,
        ends_on=_gone(history, period, daily, ahead, budget),
        daily=tuple(daily),
    )


def errors(history: History, *, first: date, today: date) -> tuple[Decimal, ...]:
    """How far each of the last 28 complete days was from what had been expected the day before it."""
    days = [today - timedelta(days=n) for n in range(1, ERROR_DAYS + 1)]
    pairs = [(day, expected(history, first=first, today=day, day=day)) for day in days if day >= first]
    return tuple(history.get(day, ZERO) - guess for day, guess in pairs if guess is not None)


def spread(wrong: tuple[Decimal, ...], days: int) -> tuple[Decimal | None, Decimal | None]:
    """How far the sum of `days` guesses may be off: the 10th and 90th percentile of 1,000 resamples (F15).

    Drawn with replacement from the errors `wrong`, always in the same way; None without errors to draw from.
    """
    if not days:
        return ZERO, ZERO
    if not wrong:
        return None, None
    low, high = _resampled(tuple(int(one * _MICRO) for one in wrong), days)
    return Decimal(low).scaleb(-6), Decimal(high).scaleb(-6)


@lru_cache(maxsize=512)
def _resampled(wrong: tuple[int, ...], days: int) -> tuple[int, int]:
    draw = Random(_SEED)  # noqa: S311 - repeatable on purpose, nothing is secret
    sums = sorted(sum(draw.choices(wrong, k=days)) for _ in range(RESAMPLES))
    return sums[RESAMPLES * LOW // 100 - 1], sums[RESAMPLES * HIGH // 100 - 1]


def _gone(
    history: History, period: Period, daily: Sequence[Decimal], ahead: Sequence[date], budget: Decimal | None
) -> date | None:
    """The first day on which the spend reaches the budget (F17)."""
    if budget is None:
        return None
    costs, total = dict(zip(ahead, daily, strict=False)), ZERO
    for day in period.each():
        total += costs.get(day, history.get(day, ZERO))
        if total >= budget:
            return day
    return None


def _money(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000001"))
