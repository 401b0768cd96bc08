"""Lines of usage records as COPY reads them: the path that millions of records take, so everything is found once."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from audit.costs.checking import Faults
from audit.costs.dimensions import Dimensions
from audit.costs.pricing import micros
from audit.costs.records import Measured, Reading, UsageRecord
from audit.costs.splitting import GPU_PLACES, shares, split, whole
from audit.costs.types import HOUR_MS

Append = Callable[[str], None]
_Part = tuple[Append, str, int]
"""Where a line goes, its start and day, its milliseconds."""
_MILLION = 1_000_000
_UNMEASURED = "\\N\t\\N\t0\t0\t0\n"


class UsageLines:
    """Columns: key, place, start, day, ms, gpus, held, given activity and active, measured, active, busy."""

    def __init__(self, dimensions: Dimensions, faults: Faults, zone: tzinfo) -> None:
        self._dimensions = dimensions
        self._faults = faults
        self._zone = zone
        self._counts: dict[Decimal, tuple[str, int]] = {}
        self._spans: dict[tuple[datetime, datetime], list[_Part]] = {}
        self._reading: Reading | None = None
        self._places: Mapping[datetime, Append] = {}

    def open(self, reading: Reading, places: Mapping[datetime, Append]) -> None:
        """From here on records are of this reading; `places` says where lines of an hour go."""
        self._reading, self._places, self._spans = reading, places, {}

    def take(self, line: int, one: UsageRecord) -> None:
        """Make the lines of one record, or note its faults."""
        parts = self._spans.get((one.start, one.end)) or self._span(line, one)
        count = self._counts.get(one.gpus) or self._count(line, one.gpus)
        if not (parts and count):
            self._faults.usage(line, one)
            return
        refs = self._dimensions.of_usage(line, one)
        if not refs:
            return
        gpus, millionths = count
        if one.measured is None:
            for append, when, ms in parts:
                append(f"{refs}\t{when}\t{ms}\t{gpus}\t{millionths * ms // _MILLION}\t{_UNMEASURED}")
        elif self._faults.measured(line, one.measured, sum(part[2] for part in parts)):
            _measured(one.measured, f"{refs}\t", parts, gpus, millionths)

    def _span(self, line: int, one: UsageRecord) -> list[_Part]:
        if self._reading is None or not self._faults.stretch(line, one.start, one.end, self._reading):
            return []
        parts = [
            (self._places[cell.hour], f"{cell.start.astimezone(UTC).isoformat()}\t{cell.day}", cell.ms)
            for cell in split(one.start, one.end, self._zone)
        ]
        self._spans[one.start, one.end] = parts
        return parts

    def _count(self, line: int, gpus: Decimal) -> tuple[str, int] | None:
        if not self._faults.gpus(line, gpus, least=GPU_PLACES):
            return None
        rounded = whole(gpus)
        found = self._counts[gpus] = str(rounded), micros(rounded)
        return found


def _measured(given: Measured, refs: str, parts: list[_Part], gpus: str, millionths: int) -> None:
    total = sum(part[2] for part in parts)
    active_ms = min(int(given.active_hours * HOUR_MS), total)
    activity = int(given.activity * _MILLION)
    text = f"{activity // _MILLION}.{activity % _MILLION:06}"
    each = (active_ms,) if len(parts) == 1 else shares(active_ms, [part[2] for part in parts])
    for (append, when, ms), active in zip(parts, each, strict=True):
        held = millionths * ms // _MILLION
        known = f"{text}\t{active}\t{held}\t{millionths * active // _MILLION}\t{held * activity // _MILLION}"
        append(f"{refs}{when}\t{ms}\t{gpus}\t{held}\t{known}\n")
