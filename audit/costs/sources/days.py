"""Turns the records of one file into readings: one for each UTC day that the file says something about. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from audit.costs.records import (
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Facts,
    Measured,
    Reading,
    Record,
    UsageRecord,
)
from audit.costs.sources.values import PLACES, day_of, hours_between

DAY = timedelta(days=1)
FACTS_OF: dict[type, Facts] = {
    UsageRecord: Facts.USAGE,
    ActivityRecord: Facts.ACTIVITY,
    CapacityRecord: Facts.CAPACITY,
    BillRecord: Facts.BILL,
}


def by_day(
    records: Iterable[Record],
    *,
    facts: frozenset[Facts] | None = None,
    currency: str = "",
    version: str = "",
    notes: tuple[object, ...] = (),
) -> list[Reading]:
    """A reading for each day with records, in order. A day without any is not said to be empty: it is unknown.

    `facts`: what each such day is complete about; None: the kinds that it has records of.
    """
    days: dict[datetime, list[Record]] = defaultdict(list)
    for record in records:
        for day, part in _parts(record):
            days[day].append(part)
    return [
        Reading(
            day,
            day + DAY,
            facts if facts is not None else frozenset(FACTS_OF[type(one)] for one in days[day]),
            tuple(days[day]),
            currency=currency,
            format_version=version,
            notes=notes,
        )
        for day in sorted(days)
    ]


def _parts(record: Record) -> Iterator[tuple[datetime, Record]]:
    """The record, cut at midnights in UTC."""
    if isinstance(record, BillRecord):
        yield datetime.combine(record.day, time(), UTC), record
    elif isinstance(record, ActivityRecord):
        yield day_of(record.start), record
    else:
        yield from _cut(record)


def _cut(record: UsageRecord | CapacityRecord) -> Iterator[tuple[datetime, Record]]:
    start, day = record.start, day_of(record.start)
    if record.end <= day + DAY:
        yield day, record
        return
    while start < record.end:
        day = day_of(start)
        end = min(record.end, day + DAY)
        part = replace(record, start=start, end=end)
        if isinstance(part, UsageRecord) and part.measured:
            share = hours_between(start, end) / hours_between(record.start, record.end)
            part = replace(part, measured=_share_of(part.measured, share))
        yield day, part
        start = end


def _share_of(measured: Measured, share: Decimal) -> Measured:
    return replace(measured, active_hours=(measured.active_hours * share).quantize(PLACES))
