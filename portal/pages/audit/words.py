"""Events as lines people read: what happened, to what, by whom, and why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from audit.ledger.models import Event
from portal.pages.audit.kinds import FACTS, KINDS, UNKNOWN
from portal.pages.audit.names import Named, Names, is_label

REASONS = ("reason", "note", "text")
UNNAMED = Names()


@dataclass(frozen=True)
class EventLine:
    """One event as a line: the words of its kind, an icon, what it is about and who is meant, the reason given."""

    event: Event
    title: str
    icon: str
    subject: Named
    person: Named
    reason: str


def event_line(event: Event, names: Names = UNNAMED) -> EventLine:
    """The line of one event."""
    said = KINDS.get(event.kind)
    title, icon = (str(said.words), said.icon) if said else (event.kind, UNKNOWN.icon)
    return EventLine(event, title, icon, _subject(event, names), names.of(event.person), _reason(event))


def event_lines(events: Iterable[Event], names: Names = UNNAMED) -> list[EventLine]:
    """The lines of events, in their order."""
    return [event_line(event, names) for event in events]


def labels_of(events: Iterable[Event]) -> set[str]:
    """What these events name: subjects, people, and what stands in their facts."""
    found: set[str] = set()
    for event in events:
        found |= {event.subject, event.person, *_labels_in(event.detail)}
    return found


def changed_rows(detail: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of an event that says what changed."""
    changed = detail.get("changed")
    if not isinstance(changed, Mapping):
        return []
    return [(name, *pair) for name, pair in changed.items() if isinstance(pair, list) and len(pair) == 2]


def fact_rows(detail: Mapping[str, Any], names: Names = UNNAMED) -> list[tuple[str, str]]:
    """The other facts of an event as (name, text)."""
    return [
        (str(FACTS.get(name, name)), _text(value, names))
        for name, value in detail.items()
        if name != "changed" and value not in ("", None, [], {})
    ]


def _text(value: Any, names: Names) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one, names) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one, names)}" for name, one in value.items())
    text = str(value)
    return names.of(text).text if is_label(text) else text


def _labels_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and is_label(value):
        yield value
    elif isinstance(value, Mapping):
        yield from (label for one in value.values() for label in _labels_in(one))
    elif isinstance(value, list):
        yield from (label for one in value for label in _labels_in(one))


def _subject(event: Event, names: Names) -> Named:
    # Events of tokens say whose or which in themselves: what is gone or somebody else's keeps its name here.
    kind, detail = event.subject.partition(":")[0], event.detail
    if kind == "token" and detail.get("name"):
        return Named(event.subject, gettext("API token “%(name)s”") % {"name": detail["name"]})
    if kind == "credential" and detail.get("login"):
        return Named(event.subject, gettext("Pull token of %(login)s") % {"login": detail["login"]})
    return names.of(event.subject)


def _reason(event: Event) -> str:
    detail = event.detail if isinstance(event.detail, Mapping) else {}
    return next((str(detail[name]) for name in REASONS if detail.get(name)), "")
