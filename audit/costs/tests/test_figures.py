"""Figures, rounding, sharing, forecasts and unusual days as functions: exact cases, and what always holds."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from audit.costs import figures
from audit.costs.anomalies import causes, judge
from audit.costs.definitions import FIGURES
from audit.costs.forecasting import errors, expected, forecast, spread
from audit.costs.planning import Cause
from audit.costs.sharing import days_of, part, shares
from audit.costs.types import By, Period, Sums

MONDAY = date(2026, 9, 7)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
H = 3_600_000
money = st.decimals(min_value=0, max_value=10**7, places=6)


def days(*costs: float, first: date = MONDAY) -> dict[date, Decimal]:
    """Costs of days one after the other."""
    return {first + timedelta(days=n): Decimal(str(cost)) for n, cost in enumerate(costs)}


@given(st.lists(st.decimals(min_value=-(10**6), max_value=10**6, places=6), max_size=40), st.integers(0, 4))
def test_rounded_amounts_add_up_and_none_is_off_by_a_place(amounts: list[Decimal], places: int):
    unit = Decimal(1).scaleb(-places)
    shown = figures.rounded(amounts, places)
    assert sum(shown) == sum(amounts, Decimal(0)).quantize(unit)
    assert all(abs(one - amount) <= unit for one, amount in zip(shown, amounts, strict=True))


def test_rounding_gives_the_rest_to_who_lost_most():
    third = Decimal(100) / 3
    assert figures.rounded([third, third, third]) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert figures.rounded([Decimal("0.005"), Decimal("0.006")]) == [0, Decimal("0.01")]
    assert figures.rounded([]) == []


@given(money, st.dictionaries(st.text(max_size=5), money, max_size=20))
def test_shares_add_up_to_the_pool_and_are_never_negative(pool: Decimal, weights: dict[str, Decimal]):
    found = shares(pool, weights)
    total = sum(weights.values(), Decimal(0))
    assert sum(found.values(), Decimal(0)) == (pool if total else 0)
    for name, amount in found.items():
        assert amount >= 0
        assert abs(amount - pool * weights[name] / total) < Decimal("0.000002")


@given(money, st.integers(28, 31))
def test_overhead_lies_evenly_on_the_days_of_a_month(amount: Decimal, length: int):
    laid = days_of(amount, length)
    assert (len(laid), sum(laid)) == (length, amount)
    assert max(laid) - min(laid) <= Decimal("0.000001")


def test_nothing_is_shared_without_a_weight():
    assert part(Decimal(5), before=Decimal(0), own=Decimal(0), total=Decimal(0)) == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_unallocated_and_unused_are_never_negative(whole: int, held: int, unused: int):
    assert figures.unallocated(provisioned_ms=whole, held_ms=held, unused_ms=unused) >= 0
    assert figures.unused_reservation(reserved_ms=whole, held_ms=held) >= 0


def test_nothing_measured_has_no_share_and_no_activity():
    held = Sums(held_ms=4 * H, cost=Decimal(8))
    assert (figures.idle_share(held), figures.average_activity(held), figures.cost_per_active_hour(held)) == (
        None, None, None,
    )  # fmt: skip
    assert (figures.idle_hours(held), figures.unmeasured_hours(held)) == (0, 4)


@pytest.mark.parametrize(("measured", "told"), [(79, None), (80, Decimal(2)), (100, Decimal(2))])
def test_cost_per_active_hour_needs_four_fifths_measured(measured: int, told: Decimal | None):
    sums = Sums(
        held_ms=100 * H,
        measured_ms=measured * H,
        active_ms=50 * H,
        cost=Decimal(100),
        measured_cost=Decimal(100),
    )
    assert figures.cost_per_active_hour(sums) == told


def test_plan_index_is_one_on_plan():
    assert figures.plan_index(use=Decimal("0.5"), elapsed_days=15, days=30) == 1
    assert figures.plan_index(use=Decimal(0), elapsed_days=0, days=30) is None


def test_a_weekday_is_expected_to_cost_its_median_of_four_weeks():
    week = [10, 20, 30, 40, 50, 0, 0]
    history = days(*week, *week, *week, *(2 * cost for cost in week))
    today = MONDAY + timedelta(days=28)
    ahead = [expected(history, first=MONDAY, today=today, day=today + timedelta(days=n)) for n in range(14)]
    assert ahead == [*week, *week]


def test_little_history_is_told_by_its_mean_and_less_not_at_all():
    history = days(10, 20, 30, 40)
    first, fifth = MONDAY, MONDAY + timedelta(days=4)
    assert expected(history, first=first, today=fifth, day=fifth) == 25
    assert expected(history, first=first, today=MONDAY + timedelta(days=2), day=fifth) is None


def test_a_forecast_that_is_too_early_says_what_is_spent():
    found = forecast(
        days(5, 5, first=NOVEMBER.first), period=NOVEMBER, first=NOVEMBER.first, today=date(2026, 11, 3)
    )
    assert (found.spent, found.amount, found.low, found.high, found.with_commitments) == (
        10,
        None,
        None,
        None,
        None,
    )


def test_even_spending_is_forecast_exactly():
    history = days(*[10] * 65)
    found = forecast(
        history,
        period=NOVEMBER,
        first=MONDAY,
        today=date(2026, 11, 11),
        budget=Decimal(205),
        committed=Decimal(7),
    )
    assert (found.spent, found.amount, found.low, found.high) == (100, 300, 300, 300)
    assert (found.with_commitments, found.ends_on) == (307, date(2026, 11, 21))
    assert len(found.daily) == 20


def test_a_budget_that_lasts_has_no_end():
    found = forecast(
        days(*[10] * 65), period=NOVEMBER, first=MONDAY, today=date(2026, 11, 11), budget=Decimal(301)
    )
    assert found.ends_on is None


def test_a_day_that_has_begun_is_not_expected_to_cost_less_than_it_has():
    history = days(*[10] * 65) | {date(2026, 11, 11): Decimal(25)}
    found = forecast(history, period=NOVEMBER, first=MONDAY, today=date(2026, 11, 11))
    assert (found.spent, found.amount) == (125, 315)


@tries(deadline=None, max_examples=30)  # a thousand resamples each
@given(st.lists(money, min_size=30, max_size=70), st.integers(1, 25))
def test_a_forecast_is_repeatable_and_never_below_what_is_spent(costs: list[Decimal], ahead: int):
    history = days(*costs)
    today = MONDAY + timedelta(days=len(costs))
    period = Period(today - timedelta(days=10), today + timedelta(days=ahead))
    found = forecast(history, period=period, first=MONDAY, today=today)
    assert found == forecast(history, period=period, first=MONDAY, today=today)
    assert found.spent <= (found.low or 0) <= (found.high or 0)
    assert found.amount == found.spent + sum(found.daily)


def test_the_range_is_made_of_errors_of_days_that_are_over():
    history = days(*[10] * 40, *[20] * 2)
    wrong = errors(history, first=MONDAY, today=MONDAY + timedelta(days=42))
    assert (len(wrong), wrong[0], set(wrong)) == (28, 10, {Decimal(0), Decimal(10)})
    assert spread(wrong, 0) == (0, 0)
    assert spread((), 3) == (None, None)


def test_a_runaway_day_is_unusual_and_an_ordinary_one_is_not():
    history = days(*[100, 110, 90, 105, 95, 100, 100] * 4, 900, 104)
    found = judge(history, day=MONDAY + timedelta(days=28), first=MONDAY)
    assert found is not None
    assert (found.high, found.amount, found.usual) == (True, 900, 100)
    flagged = {found.day}
    assert judge(history, day=MONDAY + timedelta(days=29), first=MONDAY, flagged=flagged) is None


def test_an_excess_of_little_money_or_little_budget_is_not_told():
    history = days(*[1] * 28, 45, first=MONDAY)
    last = MONDAY + timedelta(days=28)
    assert judge(history, day=last, first=MONDAY) is None
    history[last] = Decimal(60)
    assert judge(history, day=last, first=MONDAY) is not None
    assert judge(history, day=last, first=MONDAY, daily_budget=Decimal(1000)) is None


def test_a_day_without_data_is_told_as_too_little():
    found = judge(days(*[100] * 28), day=MONDAY + timedelta(days=28), first=MONDAY)
    assert found is not None
    assert (found.high, found.amount) == (False, 0)


def test_fewer_than_fourteen_days_judge_nothing():
    assert judge(days(*[100] * 13, 900), day=MONDAY + timedelta(days=13), first=MONDAY) is None


def test_weekends_are_evened_out_after_eight_weeks():
    week = [100, 100, 100, 100, 100, 10, 10]
    saturday = MONDAY + timedelta(days=56 + 5)
    assert judge(days(*week * 9), day=saturday, first=MONDAY) is None
    busy = days(*week * 9) | {saturday: Decimal(100)}
    found = judge(busy, day=saturday, first=MONDAY)
    assert found is not None
    assert (found.high, found.usual) == (True, 10)


def test_a_weekend_on_which_nobody_works_is_not_missing_data():
    week = [100, 101, 99, 100, 100, 0, 0]
    saturday = MONDAY + timedelta(days=56 + 5)
    assert judge(days(*week * 9), day=saturday, first=MONDAY) is None
    found = judge(days(*week * 9) | {saturday: Decimal(80)}, day=saturday, first=MONDAY)
    assert found is not None
    assert (found.high, found.usual) == (True, 0)


def test_causes_are_what_is_above_the_usual_greatest_first():
    before = {(By.PROJECT, "a"): [Decimal(10)] * 5, (By.PROJECT, "b"): [Decimal(5)] * 5}
    now = {(By.PROJECT, "a"): Decimal(500), (By.IMAGE, "x"): Decimal(495), (By.PROJECT, "b"): Decimal(1)}
    assert causes(before, now, high=True) == [
        Cause(By.IMAGE, "x", Decimal(495)), Cause(By.PROJECT, "a", Decimal(490)),
    ]  # fmt: skip
    assert causes(before, {}, high=False)[0] == Cause(By.PROJECT, "a", Decimal(-10))


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (Period(date(2026, 3, 1), date(2026, 4, 1)), Period(date(2026, 2, 1), date(2026, 3, 1))),
        (Period(date(2026, 11, 1), date(2026, 11, 20)), Period(date(2026, 10, 1), date(2026, 10, 20))),
        (Period(date(2026, 3, 1), date(2026, 3, 31)), Period(date(2026, 2, 1), date(2026, 3, 1))),
        (Period(date(2026, 11, 5), date(2026, 11, 12)), Period(date(2026, 10, 29), date(2026, 11, 5))),
        (Period(date(2026, 1, 1), date(2026, 2, 1)), Period(date(2025, 12, 1), date(2026, 1, 1))),
    ],
)
def test_a_period_is_compared_with_the_one_before(period: Period, before: Period):
    assert period.before == before


def test_the_page_of_figures_says_what_the_product_says():
    page = (Path(settings.BASE_DIR) / "docs" / "costs" / "figures.md").read_text("utf-8")
    assert list(FIGURES) == [f"F{n}" for n in range(1, 23)]
    for one in FIGURES.values():
        assert f"### {one.id} {one.name}\n\n{one.definition}\n\n`{one.formula}`\n" in page
