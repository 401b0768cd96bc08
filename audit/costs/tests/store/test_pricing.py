"""Prices: the most specific that runs; money half to even, alike in Python and in SQL."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit.costs.pricing import RateCard, RateRow, amount, micros

DAY = date(2026, 11, 10)
WIDE = Context(prec=60)
ROWS = [
    RateRow("l40s", DAY, Decimal(1)),
    RateRow("l40s", DAY, Decimal(2), pricing_class="spot"),
    RateRow("l40s", DAY, Decimal(3), cluster="c1"),
    RateRow("l40s", DAY, Decimal(4), cluster="c1", pricing_class="spot"),
]
prices = st.decimals(0, 10_000, places=6)


def price(
    rows: list[RateRow], day: date = DAY, cluster: str = "c1", pricing_class: str = "spot"
) -> Decimal | None:
    return RateCard(rows).price(gpu_type="l40s", cluster=cluster, pricing_class=pricing_class, day=day)


@pytest.mark.parametrize(
    ("cluster", "pricing_class", "expected"),
    [("c1", "spot", 4), ("c1", "on_demand", 3), ("c2", "spot", 2), ("c2", "on_demand", 1)],
)
def test_the_most_specific_price_counts(cluster: str, pricing_class: str, expected: int):
    assert price(ROWS, cluster=cluster, pricing_class=pricing_class) == expected


def test_a_price_holds_from_its_day_until_the_next():
    rows = [RateRow("l40s", DAY, Decimal(1)), RateRow("l40s", DAY + timedelta(days=2), Decimal(5))]
    found = [price(rows, DAY + timedelta(days=n)) for n in range(-1, 4)]
    assert found == [None, 1, 1, 5, 5]


def test_of_one_day_the_latest_revision_counts():
    rows = [RateRow("l40s", DAY, Decimal(7), revision=2), RateRow("l40s", DAY, Decimal(1), revision=1)]
    assert price(rows) == 7


def test_a_price_that_ended_leaves_the_word_to_the_next():
    ended = RateRow("l40s", DAY, None, cluster="c1", pricing_class="spot", revision=2)
    assert price([*ROWS, ended]) == 3
    assert price([RateRow("l40s", DAY, None)]) is None


days = st.integers(0, 30).map(lambda n: DAY + timedelta(days=n))
rows = st.lists(
    st.builds(
        RateRow,
        gpu_type=st.just("l40s"),
        from_day=days,
        price=st.none() | st.integers(1, 4).map(Decimal),
        cluster=st.sampled_from(["", "c1"]),
        pricing_class=st.sampled_from(["", "spot"]),
        revision=st.integers(1, 3),
    ),
    max_size=12,
    unique_by=lambda row: (row.from_day, row.cluster, row.pricing_class, row.revision),
)


@given(rows)
def test_stretches_say_of_each_day_what_price_says(listed: list[RateRow]):
    card, after = RateCard(listed), DAY + timedelta(days=31)
    which = {"gpu_type": "l40s", "cluster": "c1", "pricing_class": "spot"}
    stretches = list(card.stretches(first=DAY, after=after, **which))
    assert stretches[0].first == DAY
    assert stretches[-1].after == after
    assert all(one.after == two.first and one.price != two.price for one, two in pairwise(stretches))
    for one in stretches:
        for n in range((one.after - one.first).days):
            assert card.price(day=one.first + timedelta(days=n), **which) == one.price


@given(st.integers(0, 10**12), prices)
@example(1800, Decimal("0.001000"))
@example(5400, Decimal("0.001000"))
def test_money_is_rounded_half_to_even_once(ms: int, one: Decimal):
    exact = WIDE.divide(WIDE.multiply(Decimal(ms), one), Decimal(3_600_000))
    assert amount(ms, one) == exact.quantize(Decimal("0.000001"), ROUND_HALF_EVEN, WIDE)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**14), prices), min_size=1, max_size=40))
@example(
    [(1800, Decimal("0.001")), (5400, Decimal("0.001")), (10**14, Decimal(10_000)), (3, Decimal("0.000600"))]
)
def test_money_in_sql_is_the_same(pairs: list[tuple[int, Decimal]]):
    columns = [[ms for ms, _price in pairs], [micros(one) for _ms, one in pairs]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT costs_money(ms, m) FROM unnest(%s::bigint[], %s::bigint[]) AS t(ms, m)", columns
        )
        assert [row[0] for row in cursor.fetchall()] == [amount(ms, one) for ms, one in pairs]
