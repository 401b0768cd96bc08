"""Events as lines people read: what happened, to what, by whom, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from audit.ledger.models import Event
from portal.pages.audit.kinds import FACTS, KINDS, UNKNOWN

REASONS = ("reason", "note", "text")
PAGES = {
    "request": "request-detail",
    "grant": "grant-detail",
    "image": "image-detail",
    "person": "person-detail",
}
BY_KEY = {"project": "project-detail", "team": "team-detail"}


@dataclass(frozen=True)
class EventLine:
    """One event as a line: the words of its kind, an icon, the page of what it is about, the reason given."""

    event: Event
    title: str
    icon: str
    subject: str
    subject_url: str
    reason: str


def event_line(event: Event) -> EventLine:
    """The line of one event."""
    said = KINDS.get(event.kind)
    title, icon = (str(said.words), said.icon) if said else (event.kind, UNKNOWN.icon)
    return EventLine(
        event, title, icon, subject_words(event.subject), subject_url(event.subject), _reason(event)
    )


def event_lines(events: Iterable[Event]) -> list[EventLine]:
    """The lines of events, in their order."""
    return [event_line(event) for event in events]


def subject_words(subject: str) -> str:
    """What an event is about, as people say it: "REQ-12", "Grant 7"; other things as the log names them."""
    kind, _, key = subject.partition(":")
    if kind == "request":
        return f"REQ-{key}"
    return gettext("Grant %(number)s") % {"number": key} if kind == "grant" else subject


def subject_url(subject: str) -> str:
    """The page of `grant:12` or `project:anti-fraud`, which decides by itself who may open it; empty for none."""
    kind, _, key = subject.partition(":")
    if kind in PAGES and key.isascii() and key.isdigit():
        return reverse(PAGES[kind], args=[int(key)])
    return reverse(BY_KEY[kind], args=[key]) if kind in BY_KEY and key else ""


def changed_rows(detail: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of an event that says what changed."""
    changed = detail.get("changed")
    if not isinstance(changed, Mapping):
        return []
    return [(name, *pair) for name, pair in changed.items() if isinstance(pair, list) and len(pair) == 2]


def fact_rows(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The other facts of an event as (name, text)."""
    return [
        (str(FACTS.get(name, name)), _text(value))
        for name, value in detail.items()
        if name != "changed" and value not in ("", None)
    ]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return str(value)


def _reason(event: Event) -> str:
    detail = event.detail if isinstance(event.detail, Mapping) else {}
    return next((str(detail[name]) for name in REASONS if detail.get(name)), "")
