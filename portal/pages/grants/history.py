"""The history of a grant: people's acts one by one, what machines report folded by what they report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from audit.ledger.models import Event
from audit.ledger.selectors import event_page
from audit.ledger.types import EventFilters
from grants.lifecycle.models import Grant
from portal.edges.scopes import history_scope
from portal.pages.audit.words import EventLine, event_lines

MACHINE = "system:"
MOST_EVENTS = 1000


@dataclass(frozen=True)
class Entry:
    """One row of the history. `parts` are (when, whose or which) of all the events it stands for, oldest first."""

    line: EventLine
    parts: list[tuple[datetime, str]]

    @property
    def folded(self) -> bool:
        """Whether the row stands for more than one event."""
        return len(self.parts) > 1


def history_of(grant: Grant) -> list[Entry]:
    """The newest thousand events of a grant that the viewer was allowed to open, oldest first: one query.

    `grant` was read with `with_bundle`.
    """
    page = event_page(history_scope(), EventFilters(subject=grant.label), size=MOST_EVENTS)
    names = {row.person.label: row.person.name for row in grant.members.all()}
    return folded(event_lines(reversed(page.events)), names)


def folded(lines: Iterable[EventLine], names: Mapping[str, str]) -> list[Entry]:
    """Each act of a person by itself; of a run of machines' reports one entry a kind, where it first occurs.

    `names` are those of people by their label.
    """
    entries: list[Entry] = []
    for machine, run in groupby(lines, key=_by_machine):
        entries += [_entry(group, names) for group in (_by_kind(run) if machine else _one_by_one(run))]
    return entries


def _entry(lines: list[EventLine], names: Mapping[str, str]) -> Entry:
    return Entry(lines[0], [(line.event.at, _whose(line.event, names)) for line in lines])


def _whose(event: Event, names: Mapping[str, str]) -> str:
    """The person or the image that a report is about."""
    return names.get(event.person, event.person) or event.image.partition("/")[2]


def _by_machine(line: EventLine) -> bool:
    return line.event.actor.startswith(MACHINE)


def _one_by_one(run: Iterable[EventLine]) -> list[list[EventLine]]:
    return [[line] for line in run]


def _by_kind(run: Iterable[EventLine]) -> list[list[EventLine]]:
    kinds: dict[str, list[EventLine]] = {}
    for line in run:
        kinds.setdefault(line.event.kind, []).append(line)
    return list(kinds.values())
