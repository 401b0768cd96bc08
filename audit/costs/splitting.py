"""Cutting time at whole UTC hours and at midnights of the reporting time zone, without losing a millisecond. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
GPU_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch inside one UTC hour and one day of the reporting time zone; `end` is exclusive."""

    start: datetime
    end: datetime
    day: date

    @property
    def hour(self) -> datetime:
        """The UTC hour it lies in."""
        return floor_hour(self.start)

    @property
    def ms(self) -> int:
        """Its length."""
        return milliseconds(self.start, self.end)


def floor_hour(at: datetime) -> datetime:
    """The UTC hour of a moment."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def milliseconds(start: datetime, end: datetime) -> int:
    """Whole milliseconds between two moments; those of neighbours add up to those of both."""
    return int((end - _EPOCH) // _MS - (start - _EPOCH) // _MS)


@lru_cache(maxsize=20_000)
def cells_of(hour: datetime, zone: tzinfo) -> tuple[Cell, ...]:
    """The cells of one UTC hour: one, or two where midnight cuts it."""
    end = hour + HOUR
    first, last = _day(hour, zone), _day(end - _MS, zone)
    if first == last:
        return (Cell(hour, end, first),)
    midnight = _first_moment_of(last, hour, end, zone)
    return (Cell(hour, midnight, first), Cell(midnight, end, last))


def split(start: datetime, end: datetime, zone: tzinfo) -> list[Cell]:
    """The parts of [start, end) in the order of time, each inside one cell. Nothing for an empty stretch."""
    parts = []
    hour = floor_hour(start)
    while hour < end:
        for cell in cells_of(hour, zone):
            low, high = max(start, cell.start), min(end, cell.end)
            if low < high:
                parts.append(Cell(low, high, cell.day))
        hour += HOUR
    return parts


def hours_between(start: datetime, end: datetime) -> list[datetime]:
    """The UTC hours that [start, end) touches."""
    first = floor_hour(start)
    count = -((first - end) // HOUR)
    return [first + n * HOUR for n in range(count)]


def hours_of(day: date, zone: tzinfo) -> list[Cell]:
    """The cells of one day of the reporting time zone: 23 to 25 hours of them."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
    # A day lies within 26 hours of its noon whatever the clocks do.
    near = hours_between(noon - 26 * HOUR, noon + 26 * HOUR)
    return [cell for hour in near for cell in cells_of(hour, zone) if cell.day == day]


def days_of(hours: Iterable[datetime], zone: tzinfo) -> list[date]:
    """The days of the reporting time zone that the UTC hours touch, in order."""
    return sorted({cell.day for hour in hours for cell in cells_of(hour, zone)})


def whole(gpus: Decimal) -> Decimal:
    """GPUs with six places, never rounded up: parts of one GPU stay within it."""
    return gpus.quantize(GPU_PLACES, ROUND_DOWN)


def held_ms(gpus: Decimal, ms: int) -> int:
    """Whole GPU milliseconds held, never rounded up. `gpus` has six places."""
    return int(gpus.scaleb(6)) * ms // 1_000_000


def shares(total: int, parts: Iterable[int]) -> Iterator[int]:
    """A whole number spread over lengths in proportion; the shares add up to it exactly."""
    lengths = list(parts)
    whole_length, seen, given = sum(lengths), 0, 0
    for length in lengths:
        seen += length
        upto = total * seen // whole_length
        yield upto - given
        given = upto


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def _first_moment_of(day: date, low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The first second of [low, high) that belongs to `day`: zones have changed at odd times."""
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (low, middle) if _day(middle, zone) >= day else (middle, high)
    return high
