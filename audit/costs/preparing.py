"""From readings to slices of lines that can be copied into the database, each with its digest. No database."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from audit.costs.attribution import Attributor
from audit.costs.checking import Faults
from audit.costs.dimensions import Dimensions
from audit.costs.lines import Lines
from audit.costs.records import (
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Facts,
    Reading,
    Record,
    UsageRecord,
)
from audit.costs.splitting import DAY, HOUR
from audit.costs.usage_lines import UsageLines

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Mapping[type, Facts] = {
    UsageRecord: Facts.USAGE,
    ActivityRecord: Facts.ACTIVITY,
    CapacityRecord: Facts.CAPACITY,
    BillRecord: Facts.BILL,
}


@dataclass(slots=True)
class Draft:
    """One slice as it was said: an hour (invoices: a day), and its lines as COPY reads them."""

    facts: Facts
    start: datetime
    end: datetime
    complete: bool = True
    lines: list[str] = field(default_factory=list)
    digest: str = ""

    def seal(self) -> None:
        """Compute the SHA-256 of the lines, in whatever order they came."""
        self.digest = hashlib.sha256("".join(sorted(self.lines)).encode()).hexdigest()


class Preparation:
    """Takes readings apart; nothing of it may be used while `faults` has any."""

    def __init__(self, *, attributor: Attributor, types: Mapping[str, str], zone: tzinfo) -> None:
        self.faults = Faults()
        self.dimensions = Dimensions(attributor, types, self.faults)
        self.claims: set[tuple[str, Facts]] = set()
        """Which clusters the source speaks of, and about what."""
        self.provisioned: set[tuple[str, str, str]] = set()
        """Type, cluster and class of what was provisioned."""
        self.drafts: dict[tuple[Facts, datetime], Draft] = {}
        self._lines = Lines(self.dimensions, self.faults, zone)
        self._usage = UsageLines(self.dimensions, self.faults, zone)

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in the readings; what several say about one hour is one slice."""
        for reading in readings:
            self.faults.extend(reading.faults)
            if not _whole(reading):
                self.faults.say(0, "start", "bad_bounds")
                continue
            self._open(reading)
            self._records(reading)
        self.claims |= {(cluster, Facts.USAGE) for cluster in self.dimensions.clusters}
        for draft in self.drafts.values():
            draft.seal()

    def _records(self, reading: Reading) -> None:
        hours = {
            start: one.lines.append for (facts, start), one in self.drafts.items() if facts is Facts.USAGE
        }
        self._usage.open(reading, hours)
        take = self._usage.take
        announced = Facts.USAGE in reading.facts
        for line, one in enumerate(reading.records, start=1):
            if announced and type(one) is UsageRecord:
                take(line, one)
            else:
                self._take(line, one, reading)

    def _open(self, reading: Reading) -> None:
        for facts in reading.facts:
            length = DAY if facts is Facts.BILL else HOUR
            for start in _steps(reading, length):
                draft = self.drafts.setdefault((facts, start), Draft(facts, start, start + length))
                draft.complete = draft.complete and reading.complete

    def _take(self, line: int, one: Record, reading: Reading) -> None:
        facts = _KINDS[type(one)]
        if facts not in reading.facts:
            self.faults.say(line, "", "not_announced")
            return
        for start, text in self._lines.of(line, one, reading):
            self.drafts[facts, start].lines.append(text)
        if isinstance(one, CapacityRecord):
            self.provisioned.add((self.dimensions.type_of(one.gpu_type), one.cluster, str(one.pricing_class)))
        if one.cluster:
            self.claims.add((one.cluster, facts))


def _whole(reading: Reading) -> bool:
    if reading.start.tzinfo is None or reading.end.tzinfo is None or reading.start >= reading.end:
        return False
    unit = DAY if Facts.BILL in reading.facts else HOUR
    return not ((reading.start - _EPOCH) % unit or (reading.end - _EPOCH) % unit)


def _steps(reading: Reading, length: timedelta) -> Iterator[datetime]:
    start = reading.start.astimezone(UTC)
    while start < reading.end:
        yield start
        start += length
