"""Whatever is brought, in whatever order and however often, every sum is that of the rows, to the last place."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.costs.known_days import known_days
from audit.costs.models import CapacityDay, Restatement, Source, TeamDay
from audit.costs.rebuilding import rebuild_costs
from audit.costs.records import Reading, UsageRecord
from audit.costs.rules import broken
from audit.costs.tests.store.building import (
    ADA,
    DAY,
    HOUR,
    NOW,
    START,
    TABLES,
    bring,
    capacity,
    expected,
    forgotten,
    measured,
    publish,
    reading,
    sums,
    use,
    windows,
)

pytestmark = pytest.mark.django_db
PRICE = Decimal("1.234567")
ZONES = [
    ("UTC", START),
    ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Asia/Kolkata", START),
    ("America/Havana", datetime(2026, 10, 31, tzinfo=UTC)),
]
"""Zones, and where two days begin in which their clocks may change."""
slow = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=12,
)


@pytest.fixture(params=ZONES)
def begin(request: pytest.FixtureRequest, settings: Any) -> Iterator[datetime]:
    """Where two days begin; the reporting time zone is set."""
    settings.TIME_ZONE, start = request.param
    yield start
    timezone.get_default_timezone.cache_clear()


@st.composite
def records(draw: st.DrawFn) -> UsageRecord:
    """Use of any length on any of two days."""
    start = draw(st.integers(0, 2 * 86_400_000 - 1))
    length = draw(st.integers(1, 2 * 86_400_000 - start))
    gpus = draw(st.sampled_from(["0.142857", "0.25", "1", "3", "0.000001", "0.333333"]))
    given = draw(st.sampled_from([None, measured("0", "0"), measured("0.5", "0"), measured("1", "0")]))
    return use(
        START + timedelta(milliseconds=start), hours=length / 3_600_000, gpus=gpus, measured=given,
        project=draw(st.sampled_from(["fraud-v2", "loans", "nobody"])),
        workload=draw(st.sampled_from(["a", "b"])), pricing_class=draw(st.sampled_from(["spot", "on_demand"])),
    )  # fmt: skip


def two_days(*listed: UsageRecord) -> Reading:
    return reading(*listed, days=2)


def capacity_days() -> list[dict[str, Any]]:
    rows = CapacityDay.objects.order_by("day", "pricing_class").values()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def broken_rules() -> list[str]:
    known = known_days()
    found = broken(known.each()) if known else []
    return [f"{one.kind} {one.day} {one.subject} {one.detail}" for one in found]


@slow
@given(st.lists(records(), min_size=1, max_size=8))
def test_every_sum_is_that_of_the_rows(begin: datetime, source: Source, listed: list[UsageRecord]):
    listed = [replace(one, start=one.start - START + begin, end=one.end - START + begin) for one in listed]
    with forgotten():
        publish(str(PRICE))
        bring(source, reading(*listed, start=begin, days=2))
        assert [sums(table) for table in TABLES] == [expected(listed, PRICE)] * 4
        assert broken_rules() == []


@slow
@given(st.lists(st.lists(records(), max_size=4), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_what_came_last_counts_whatever_came_before(
    source: Source, said: list[list[UsageRecord]], random: Random
):
    with forgotten():
        publish(str(PRICE))
        for listed in said:
            bring(source, two_days(*random.sample(listed, len(listed))))
        once = [sums(table) for table in TABLES]
        assert broken_rules() == []
    with forgotten():
        publish(str(PRICE))
        bring(source, two_days(*said[-1]))
        assert [sums(table) for table in TABLES] == once


@slow
@given(st.lists(records(), min_size=1, max_size=6), st.permutations(range(3)))
def test_prices_activity_and_use_may_come_in_any_order(
    source: Source, listed: list[UsageRecord], order: list[int]
):
    other = Source.objects.create(key="prometheus", kind="prometheus", name="Prometheus")
    heard = reading(*windows(START + HOUR, *["0.5", "0"] * 40, workload="a"), days=2)
    steps = [
        lambda: publish(str(PRICE)),
        lambda: bring(source, two_days(*listed)),
        lambda: bring(other, heard),
    ]
    by = "(day, (SELECT metric FROM costs_usagekey k WHERE k.id = key_id), measured_ms, active_ms, idle_cost)"
    found = []
    for turns in (range(3), order):
        with forgotten():
            for turn in turns:
                steps[turn]()
            assert broken_rules() == []
            found.append(sums("costs_usage", by))
    other.delete()
    assert found[0] == found[1]


@slow
@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2.5", "0.000001", None]), st.integers(-3, 3)), min_size=1, max_size=4
    )
)
def test_published_in_any_steps_rows_have_the_price_of_their_day(
    source: Source, steps: list[tuple[str | None, int]]
):
    listed = [
        use(START + HOUR / 3, hours=30, gpus="0.142857"),
        use(START, hours=47, gpus="3", project="loans"),
    ]
    with forgotten():
        publish("7")
        bring(source, two_days(*listed))
        for price, offset in steps:
            publish(price, since=(START + offset * DAY).date())
        late = sums("costs_usage", "(day, rate)")
        assert broken_rules() == []
    with forgotten():
        publish("7")
        for price, offset in steps:
            publish(price, since=(START + offset * DAY).date())
        bring(source, two_days(*listed))
        assert sums("costs_usage", "(day, rate)") == late


def test_four_quarters_and_seven_sevenths_of_a_gpu_are_within_what_is_provisioned(source: Source):
    publish(str(PRICE))
    quarters = [use(gpus="0.25", workload=f"q{n}", gpu="GPU-1") for n in range(4)]
    sevenths = [use(START + HOUR, gpus=str(Decimal(1) / 7), workload=f"s{n}", gpu="GPU-1") for n in range(7)]
    bring(source, reading(*quarters, *sevenths, capacity(hours=2)))
    row = CapacityDay.objects.get()
    assert TeamDay.objects.get().held_ms == 3_600_000 + 3_599_995
    assert (row.held_ms, row.unallocated_ms, row.over_ms) == (7_199_995, 5, 0)
    assert broken_rules() == []


def test_the_rebuild_changes_nothing_that_is_right(source: Source):
    publish(str(PRICE))
    heard = windows(START, "0.5", "0.01")
    pool = use(hours=2, gpus="4", pricing_class="reserved")
    bring(source, reading(use(hours=30, gpus="0.3"), pool, capacity(gpus="8"), *heard, days=2))
    before = [sums(table) for table in TABLES], capacity_days()
    rebuilt = list(rebuild_costs(first=None, last=None, by=ADA, now=NOW + 30 * DAY))
    assert [one.restated for one in rebuilt] == [0]
    after = [sums(table) for table in TABLES], capacity_days()
    assert after == before


@pytest.mark.parametrize("table", TABLES[1:])
def test_the_rebuild_makes_sums_right_again_and_restates_closed_days(source: Source, table: str):
    publish(str(PRICE))
    bring(source, reading(use(hours=3)))
    before = sums(table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET cost = cost + 1, held_ms = 1")  # noqa: S608
    assert len(broken_rules()) >= 1
    list(rebuild_costs(first=None, last=None, by=ADA, now=NOW + 30 * DAY))
    assert sums(table) == before
    assert broken_rules() == []
    assert Restatement.objects.filter(cause="rebuild").exists() == (table == "costs_teamday")
