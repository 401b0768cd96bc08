"""Sources, loads and broken rules as their pages show them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.costs.changes import DayChange
from audit.costs.models import Source, Violation
from audit.costs.records import BillRecord, CapacityRecord, Facts, Reading, UsageRecord
from audit.costs.sources.notes import said as notes_said
from audit.costs.sources.options import is_pulled
from audit.costs.standings import LATE
from portal.pages.costs.wording import hours_of, number
from portal.pages.costs_admin.words import FACTS, KINDS, SOURCE_STATES
from portal.pages.words import Word


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: what it brings of which clusters, how far it is read, and how it does. `facts`: (word, clusters)."""

    source: Source
    kind: "str | Promise"
    facts: list[tuple["str | Promise", str]]
    word: Word
    asked: bool
    notes: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file says of one kind: how many records, about which stretch of time."""

    word: "str | Promise"
    records: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that a day's figures break, in words."""

    day: date
    sentence: str
    subject: str
    facts: list[tuple[str, str]]
    found_at: datetime


VIOLATIONS: Mapping[str, Promise] = {
    "totals": _("Sums differ from the rows they are made of"),
    "negative": _("An amount is negative, or a part is greater than its whole"),
    "gpu_shared_beyond_one": _("Shares of one GPU add up to more than one GPU"),
    "held_beyond_capacity": _("More was held than was provisioned"),
    "reconciliation": _("The parts do not add up to the whole"),
    "missing_hours": _("Hours are missing from a source that read later ones"),
}


def source_rows(sources: Iterable[Source], *, now: datetime) -> list[SourceRow]:
    """The sources as rows, in their order."""
    return [source_row(source, now=now) for source in sources]


def source_row(source: Source, *, now: datetime) -> SourceRow:
    """One source; its claims are read with it."""
    clusters: dict[str, list[str]] = {}
    for claim in source.claims.all():
        clusters.setdefault(claim.facts, []).append(claim.cluster)
    return SourceRow(
        source=source,
        kind=KINDS.get(source.kind, source.kind),
        facts=[(FACTS.get(kind, kind), ", ".join(names)) for kind, names in clusters.items()],
        word=SOURCE_STATES[state_of(source, now)],
        asked=source.enabled and is_pulled(source.kind, source.options),
        notes=list(notes_said(source.notes)),
    )


def state_of(source: Source, now: datetime) -> str:
    """The code of SOURCE_STATES that says how a source does."""
    if not source.enabled:
        return "off"
    if not is_pulled(source.kind, source.options):
        return "files"
    if source.error:
        return "failing"
    if source.complete_through is None:
        return "new"
    allowed = max(LATE, 3 * timedelta(seconds=source.every_seconds))
    return "late" if now - source.complete_through > allowed else "working"


def file_facts(readings: Sequence[Reading]) -> list[FileFacts]:
    """What the readings of a file hold, kind by kind."""
    counts: Counter[Facts] = Counter()
    for reading in readings:
        counts.update(_kind_of(record) for record in reading.records)
    spans = {
        kind: (
            min(one.start for one in readings if kind in one.facts),
            max(one.end for one in readings if kind in one.facts),
        )
        for kind in Facts
        if any(kind in one.facts for one in readings)
    }
    return [FileFacts(FACTS[kind], counts[kind], *span) for kind, span in spans.items()]


def day_changes(days: Iterable[DayChange]) -> list[dict[str, Any]]:
    """The days that a file would change, hours in words."""
    return [
        {
            "day": one.day,
            "before": one.before,
            "after": one.after,
            "hours_before": number(hours_of(one.before.held_ms), 1),
            "hours_after": number(hours_of(one.after.held_ms), 1),
        }
        for one in days
    ]


def broken_rules(violations: Iterable[Violation]) -> list[BrokenRule]:
    """What the nightly check found and is not in order again."""
    return [
        BrokenRule(
            day=one.day,
            sentence=str(VIOLATIONS.get(one.kind, one.kind)),
            subject=one.subject,
            facts=[(str(name), str(value)) for name, value in one.detail.items()],
            found_at=one.found_at,
        )
        for one in violations
    ]


def _kind_of(record: object) -> Facts:
    if isinstance(record, UsageRecord):
        return Facts.USAGE
    if isinstance(record, CapacityRecord):
        return Facts.CAPACITY
    return Facts.BILL if isinstance(record, BillRecord) else Facts.ACTIVITY
