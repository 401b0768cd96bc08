"""Reading events: which ones a viewer may see, narrowed, page by page."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from .models import Event
from .types import EventFilters, Scope

COUNT_LIMIT = 10_000
_EXACT = ("actor", "person", "subject", "project", "team", "image")


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events, newest first; `older` is the cursor of the next page, None on the last."""

    events: list[Event]
    older: int | None


def events_visible_to(scope: Scope, filters: EventFilters | None = None) -> "QuerySet[Event]":
    """The events this scope may see, narrowed by the filters, newest first."""
    visible = Event.objects.all() if scope.everything else _within(scope)
    return _narrowed(visible, filters or EventFilters()).order_by("-sequence")


def event_page(
    scope: Scope, filters: EventFilters | None = None, *, before: int | None = None, size: int = 50
) -> EventPage:
    """The `size` newest visible events older than sequence `before` (from the newest when None)."""
    events = events_visible_to(scope, filters)
    if before is not None:
        events = events.filter(sequence__lt=before)
    rows = list(events[: size + 1])
    return EventPage(events=rows[:size], older=rows[size - 1].sequence if len(rows) > size else None)


def count_events(scope: Scope, filters: EventFilters | None = None) -> int:
    """How many events match, counted up to 10,001: more than 10,000 reads "over 10,000"."""
    return events_visible_to(scope, filters).order_by()[: COUNT_LIMIT + 1].count()


def _within(scope: Scope) -> "QuerySet[Event]":
    # An event without a team or person belongs to nobody, so an empty name must open nothing.
    teams, persons = scope.teams - {""}, scope.persons - {""}
    if not (teams or persons):
        return Event.objects.none()
    own = Q(team__in=teams) | Q(person__in=persons) | Q(actor__in=persons)
    return Event.objects.filter(own)


def _narrowed(events: "QuerySet[Event]", filters: EventFilters) -> "QuerySet[Event]":
    exact = {name: getattr(filters, name) for name in _EXACT if getattr(filters, name)}
    events = events.filter(**exact)
    if filters.since:
        events = events.filter(at__gte=filters.since)
    if filters.until:
        events = events.filter(at__lt=filters.until)
    if filters.kind:
        events = events.filter(Q(kind=filters.kind) | Q(kind__startswith=f"{filters.kind}."))
    if filters.without_system:
        events = events.exclude(actor__startswith="system:")
    return _with_text(events, filters.text) if filters.text else events


def _with_text(events: "QuerySet[Event]", text: str) -> "QuerySet[Event]":
    events = events.alias(detail_text=Cast("detail", TextField()))
    found = Q(actor_name__icontains=text) | Q(subject__icontains=text) | Q(detail_text__icontains=text)
    return events.filter(found)
