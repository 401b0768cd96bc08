"""Use over time: hours of a day, days, weeks and months, told apart by something or not."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings

from audit.costs.narrowing import MEASURES, narrowed, sums_of
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
    starts = bucket_starts(filters.period, bucket)
    found, others = _sums(scope, filters, by, bucket, most)
    rows = {value: tuple(sums.get(start, Sums()) for start in starts) for value, sums in found.items()}
    return Series(starts, rows, tuple(others))


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


# Values beyond `most` are added up where they lie: the whole organisation has hundreds.
_SERIES = """
, cells AS (SELECT {value} AS value, {start} AS start, {sums} FROM rows GROUP BY 1, 2),
ranked AS (SELECT value, row_number() OVER
    (ORDER BY value = '*', sum(cost) DESC, sum(held_ms) DESC, value) AS n, count(*) OVER () AS many
    FROM cells GROUP BY value)
SELECT least(n, CASE WHEN many > %s THEN %s + 1 ELSE n END) AS place, min(value), start, {sums}, NULL
  FROM cells JOIN ranked USING (value) GROUP BY 1, 3
UNION ALL
SELECT %s + 1, NULL, NULL, {nothing}, array_agg(value ORDER BY n) FROM ranked WHERE n > %s AND many > %s
ORDER BY 1
"""


def _sums(
    scope: CostScope, filters: CostFilters, by: By | None, bucket: Bucket, most: int
) -> tuple[dict[str, dict[Start, Sums]], list[str]]:
    """Sums by value and start, most costly first, and the values that were gathered in REST."""
    rows = narrowed(scope, filters, bys=[by] if by else [], hours=bucket == "hour")
    start = f"greatest(date_trunc('{bucket}', day)::date, %s)" if bucket in ("week", "month") else "day"
    given = [] if start == "day" else [filters.period.first]
    found = rows.ask(
        _SERIES,
        [*given, most, most, most, most, most],
        value=f'"{by.value}"' if by else "''::text",
        start=start,
        nothing=", ".join("0" for _ in MEASURES),
    )
    others: list[str] = next((row[-1] for row in found if row[-1]), [])
    sums: dict[str, dict[Start, Sums]] = {}
    for place, value, when, *measures, _ in found:
        if when is not None:
            sums.setdefault(REST if place > most else value, {})[when] = sums_of(measures)
    return sums, others
