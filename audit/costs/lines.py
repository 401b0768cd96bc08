"""Lines of records as COPY reads them into the staging tables, cut at hours and midnights. No database."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache

from audit.costs.checking import Faults
from audit.costs.dimensions import Dimensions
from audit.costs.pricing import micros
from audit.costs.records import (
    WINDOW_MINUTES,
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Measured,
    Reading,
    Record,
    UsageRecord,
)
from audit.costs.splitting import floor_hour, held_ms, shares, split, whole
from audit.costs.types import HOUR_MS

Line = tuple[datetime, str]
"""The start of the slice it belongs to, and the line."""
_MILLION = 1_000_000
_UNMEASURED = "\\N\t\\N\t0\t0\t0"
_WINDOW = timedelta(minutes=WINDOW_MINUTES)


class Lines:
    """Makes lines; a record with faults makes none, and the faults are noted."""

    def __init__(self, dimensions: Dimensions, faults: Faults, zone: tzinfo) -> None:
        self._dimensions = dimensions
        self._faults = faults
        self._zone = zone
        self._gpus: dict[Decimal, tuple[str, int]] = {}

    def of(self, line: int, one: Record, reading: Reading) -> Iterable[Line]:
        """The lines of one record."""
        if isinstance(one, UsageRecord):
            return self._usage(line, one, reading)
        if isinstance(one, ActivityRecord):
            return self._activity(line, one, reading)
        if isinstance(one, CapacityRecord):
            return self._capacity(line, one, reading)
        return self._bill(line, one, reading)

    def _usage(self, line: int, one: UsageRecord, reading: Reading) -> Iterable[Line]:
        """Key, place, start, day, ms, gpus, held, given activity and active, measured, active, busy."""
        faults = self._faults
        if not (faults.stretch(line, one.start, one.end, reading) and faults.usage(line, one)):
            return ()
        refs = self._dimensions.of_usage(one)
        parts = _parts(one.start, one.end, self._zone)
        text, millionths = self._count(one.gpus)
        if one.measured is None:
            return [
                (hour, f"{refs}\t{when}\t{ms}\t{text}\t{millionths * ms // _MILLION}\t{_UNMEASURED}\n")
                for hour, when, ms in parts
            ]
        return list(_measured(one.measured, refs, parts, text, millionths))

    def _activity(self, line: int, one: ActivityRecord, reading: Reading) -> Iterable[Line]:
        """Place, start, day in UTC, activity, metric, memory."""
        start = one.start
        end = start + _WINDOW if start.tzinfo else start
        if not (self._faults.stretch(line, start, end, reading) and self._faults.activity(line, one)):
            return ()
        start = start.astimezone(UTC)
        memory = "\\N" if one.memory_used is None else one.memory_used
        place, day = self._dimensions.of_activity(one), start.date()
        text = f"{place}\t{start.isoformat()}\t{day}\t{one.activity:.6f}\t{_escaped(one.metric)}\t{memory}\n"
        return ((floor_hour(start), text),)

    def _capacity(self, line: int, one: CapacityRecord, reading: Reading) -> Iterable[Line]:
        """Day, hour, cluster, type, class, provisioned ms."""
        faults = self._faults
        if not (faults.stretch(line, one.start, one.end, reading) and faults.capacity(line, one)):
            return ()
        gpus = whole(one.gpus)
        what = f"{_escaped(one.cluster)}\t{self._dimensions.type_of(one.gpu_type)}\t{one.pricing_class}"
        return [
            (cell.hour, f"{cell.day}\t{cell.hour.isoformat()}\t{what}\t{held_ms(gpus, cell.ms)}\n")
            for cell in split(one.start, one.end, self._zone)
        ]

    def _bill(self, line: int, one: BillRecord, reading: Reading) -> Iterable[Line]:
        """Day, cluster, type, sku, description, hours, cost, credits, currency, month."""
        if not self._faults.bill(line, one, reading):
            return ()
        texts = (one.cluster, self._dimensions.type_of(one.gpu_type), one.sku, one.description)
        numbers = (one.hours, one.cost, one.credits)
        columns = [str(one.day), *map(_escaped, texts), *(f"{number:.6f}" for number in numbers)]
        text = "\t".join([*columns, _escaped(one.currency), _escaped(one.invoice_month)])
        return ((_midnight(one.day), f"{text}\n"),)

    def _count(self, gpus: Decimal) -> tuple[str, int]:
        known = self._gpus.get(gpus)
        if known is None:
            rounded = whole(gpus)
            known = self._gpus[gpus] = str(rounded), micros(rounded)
        return known


@lru_cache(maxsize=100_000)
def _parts(start: datetime, end: datetime, zone: tzinfo) -> tuple[tuple[datetime, str, int], ...]:
    return tuple(
        (cell.hour, f"{cell.start.astimezone(UTC).isoformat()}\t{cell.day}", cell.ms)
        for cell in split(start, end, zone)
    )


def _measured(
    given: Measured, refs: str, parts: tuple[tuple[datetime, str, int], ...], text: str, millionths: int
) -> Iterator[Line]:
    lengths = [ms for _hour, _when, ms in parts]
    active_ms = min(int(given.active_hours * HOUR_MS), sum(lengths))
    activity = micros(given.activity)
    for (hour, when, ms), active in zip(parts, shares(active_ms, lengths), strict=True):
        held = millionths * ms // _MILLION
        known = f"{given.activity:.6f}\t{active}\t{held}\t{millionths * active // _MILLION}"
        yield hour, f"{refs}\t{when}\t{ms}\t{text}\t{held}\t{known}\t{held * activity // _MILLION}\n"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")
