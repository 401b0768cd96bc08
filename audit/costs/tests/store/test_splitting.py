"""Time is cut at hours and midnights, and nothing is lost: summer time, half-hour zones, fractions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.costs.splitting import (
    cells_of,
    days_of,
    floor_hour,
    held_ms,
    hours_between,
    hours_of,
    milliseconds,
    shares,
    split,
    whole,
)

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
ZONES = [BERLIN, KOLKATA, ZoneInfo("UTC"), ZoneInfo("America/Havana"), ZoneInfo("Asia/Kathmandu"),
         ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")]  # fmt: skip
moments = st.datetimes(datetime(2011, 12, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(milliseconds=1), timedelta(days=4))


@given(moments, lengths, st.sampled_from(ZONES))
def test_parts_cover_a_stretch_without_gap_or_overlap(start: datetime, length: timedelta, zone: ZoneInfo):
    end = start + length
    parts = split(start, end, zone)
    assert parts[0].start == start
    assert parts[-1].end == end
    assert all(one.end == after.start for one, after in pairwise(parts))
    assert sum(one.ms for one in parts) == milliseconds(start, end)


@given(moments, lengths, st.sampled_from(ZONES))
def test_each_part_lies_in_one_hour_and_one_day(start: datetime, length: timedelta, zone: ZoneInfo):
    for one in split(start, start + length, zone):
        last = one.end - timedelta(microseconds=1)
        assert floor_hour(last) == one.hour
        assert one.start.astimezone(zone).date() == one.day == last.astimezone(zone).date()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (BERLIN, date(2026, 11, 10), 24),
        (KOLKATA, date(2026, 11, 10), 24),
        (ZoneInfo("America/Havana"), date(2026, 11, 1), 25),
        (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5), 24.5),
        (ZoneInfo("Pacific/Apia"), date(2011, 12, 30), 0),
    ],
)
def test_a_day_has_as_many_hours_as_the_clocks_say(zone: ZoneInfo, day: date, hours: float):
    assert sum(cell.ms for cell in hours_of(day, zone)) == hours * 3_600_000


def test_midnight_cuts_an_hour_where_the_zone_is_half_an_hour_off():
    hour = datetime(2026, 11, 9, 18, tzinfo=UTC)
    first, second = cells_of(hour, KOLKATA)
    assert (first.day, first.ms, second.day, second.ms) == (
        date(2026, 11, 9),
        1_800_000,
        date(2026, 11, 10),
        1_800_000,
    )
    assert first.hour == second.hour == hour
    assert days_of([hour], KOLKATA) == [date(2026, 11, 9), date(2026, 11, 10)]


def test_hours_between_includes_one_that_is_only_touched():
    start = datetime(2026, 11, 9, 18, 30, tzinfo=UTC)
    assert [hour.hour for hour in hours_between(start, start + timedelta(hours=1))] == [18, 19]
    assert hours_between(start, start) == [] or [hour.hour for hour in hours_between(start, start)] == [18]


@given(st.integers(1, 64), st.integers(1, 3_600_000))
def test_equal_parts_of_a_gpu_never_exceed_it(parts: int, ms: int):
    each = held_ms(whole(Decimal(1) / parts), ms)
    assert parts * each <= ms
    assert ms - parts * each <= parts * (1 + ms * parts // 1_000_000)


def test_four_quarters_are_one_gpu_hour_and_seven_sevenths_are_just_under():
    assert 4 * held_ms(whole(Decimal("0.25")), 3_600_000) == 3_600_000
    assert 7 * held_ms(whole(Decimal(1) / 7), 3_600_000) == 3_599_995


@given(st.integers(0, 10**9), st.lists(st.integers(1, 3_600_000), min_size=1, max_size=80))
def test_shares_of_a_whole_number_add_up_to_it(total: int, parts: list[int]):
    given_out = list(shares(total, parts))
    assert sum(given_out) == total
    assert min(given_out) >= 0
    whole_length = sum(parts)
    assert all(
        abs(one - total * part / whole_length) <= 1 for one, part in zip(given_out, parts, strict=True)
    )
