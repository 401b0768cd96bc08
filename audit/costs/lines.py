"""Lines of records as COPY reads them into the staging tables, cut at hours and midnights. No database."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from audit.costs.checking import Faults
from audit.costs.dimensions import Dimensions
from audit.costs.records import (
    WINDOW_MINUTES,
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Reading,
    Record,
)
from audit.costs.splitting import floor_hour, held_ms, split, whole

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
        """The lines of one record of activity, of capacity, or of an invoice."""
        if isinstance(one, ActivityRecord):
            return self._activity(line, one, reading)
        if isinstance(one, CapacityRecord):
            return self._capacity(line, one, reading)
        return self._bill(line, one, reading) if isinstance(one, BillRecord) else ()

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


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")
