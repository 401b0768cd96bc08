"""Use over time: hours of a day, days, weeks and months, told apart by something or not."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings

from audit.costs.narrowing import narrowed, sums_of
from audit.costs.types import REST, By, CostFilters, CostScope, Period, Series, Sums

Bucket = Literal["hour", "day", "week", "month"]
Start = date | datetime
MOST = 6
"""How many values have a colour of their own in a chart."""


def series(
    scope: CostScope, filters: CostFilters, *, by: By | None = None, bucket: Bucket = "day", most: int = MOST
) -> Series:
    """Sums for each bucket of the filters' period, most costly value first, zeros where nothing was held.

    `by` None adds everything up into one row, "". Weeks begin on Mondays and are cut at the period's ends, as
    months are. "hour" needs a period of one day and gives its hours, 23 or 25 of them when clocks change.
    Values beyond `most` are gathered in REST and named in `others`, most costly first.
    """
    found: dict[str, dict[Start, Sums]] = {}
    for value, start, sums in _sums(scope, filters, by, bucket):
        found.setdefault(value, {})[start] = sums
    starts = bucket_starts(filters.period, bucket)
    ranked = sorted(found, key=lambda value: _rank(value, found[value]))
    rows = {value: tuple(found[value].get(start, Sums()) for start in starts) for value in ranked}
    return _gathered(starts, rows, most)


def bucket_starts(period: Period, bucket: Bucket) -> tuple[Start, ...]:
    """The first day of each bucket of a period; for hours, the start of each as aware UTC."""
    if bucket == "hour":
        return _hours(period)
    return tuple(dict.fromkeys(_start_of(day, period, bucket) for day in period.each()))


def _hours(period: Period) -> tuple[datetime, ...]:
    zone = ZoneInfo(settings.TIME_ZONE)
    first, after = (
        datetime.combine(day, time(), tzinfo=zone).astimezone(UTC).replace(minute=0)
        for day in (period.first, period.after)
    )
    return tuple(first + timedelta(hours=n) for n in range(int((after - first) / timedelta(hours=1))))


def _start_of(day: date, period: Period, bucket: Bucket) -> date:
    if bucket == "week":
        day -= timedelta(days=day.weekday())
    elif bucket == "month":
        day = day.replace(day=1)
    return max(day, period.first)


def _sums(
    scope: CostScope, filters: CostFilters, by: By | None, bucket: Bucket
) -> list[tuple[str, Start, Sums]]:
    rows = narrowed(scope, filters, bys=[by] if by else [], hours=bucket == "hour")
    start = f"greatest(date_trunc('{bucket}', day)::date, %s)" if bucket in ("week", "month") else "day"
    value = f'"{by.value}"' if by else "''"
    given = [] if start == "day" else [filters.period.first]
    found = rows.ask(
        "SELECT {value}, {start}, {sums} FROM rows GROUP BY 1, 2", given, value=value, start=start
    )
    return [(value, start, sums_of(sums)) for value, start, *sums in found]


def _rank(value: str, sums: dict[Start, Sums]) -> tuple[Any, ...]:
    whole = sum(sums.values(), Sums())
    return (value == REST, -whole.cost, -whole.held_ms, value)


def _gathered(starts: tuple[Any, ...], rows: dict[str, tuple[Sums, ...]], most: int) -> Series:
    if len(rows) <= most:
        return Series(starts, rows)
    kept, others = list(rows)[:most], list(rows)[most:]
    rest = tuple(sum((rows[value][n] for value in others), Sums()) for n in range(len(starts)))
    return Series(
        starts, {**{value: rows[value] for value in kept if value != REST}, REST: rest}, tuple(others)
    )
