"""What is wanted at every place of a target, what our lines say about it, and what the target shows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from grants.connectors.base import (
    IMAGE_PLACE,
    MEMBER_PLACE,
    Connector,
    Entry,
    Finds,
    Holding,
    Layout,
    Place,
    Scope,
)
from grants.connectors.collector import without_collector
from grants.delivery.drift_holdings import alone, every_holding
from grants.delivery.drift_plan import Comparison, Ground, Line, Spot, compare, ground_of, merged
from grants.delivery.entries import digest_of
from grants.delivery.models import Attempt, Delivery
from grants.delivery.states import Status
from grants.delivery.targets import Target

MARGIN = timedelta(seconds=10)
"""Clocks of workers differ, and a target may take a moment to list what it has just accepted."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a target showed from `at` on: ours, and what stands beside it."""

    at: datetime
    ours: dict[Spot, Entry]
    foreign: dict[Spot, Entry]


@dataclass(frozen=True, slots=True)
class Picture:
    """A look beside what is wanted, what our lines say, and what comes of comparing them."""

    look: Look
    wanted: dict[Spot, Entry]
    lines: dict[Spot, list[Line]]
    grounds: dict[Spot, Ground]
    digests: dict[Spot, str]
    found: Comparison

    @property
    def firm(self) -> int:
        """How many places were seen in place before, as they are wanted now."""
        return sum(ground == Ground.FIRM for ground in self.grounds.values())

    @property
    def firm_there(self) -> int:
        """How many of those are there still, however they look."""
        there = self.look.ours
        return sum(ground == Ground.FIRM and spot in there for spot, ground in self.grounds.items())


def look_at(target: Target, connector: Connector, *, now: datetime) -> Look:
    """Ask the target for all of ours and, where it can say, for what stands beside. Outside any transaction.

    Raises ConnectorError.
    """
    scope = Scope(target.key)
    ours = merged(connector.observe(scope))
    foreign = merged(connector.foreign(scope)) if isinstance(connector, Finds) else {}
    return Look(now, ours, foreign)


def picture_of(target: Target, layout: Layout, look: Look) -> Picture:
    """Judge a look: eight queries, however many places. Lines are read first, so that a change meanwhile shows."""
    with without_collector():
        lines = lines_at(target.key, before=look.at - MARGIN)
        wanted = wanted_everywhere(every_holding(target), layout)
        spots = wanted.keys() | lines.keys()
        digests = {spot: digest_of(wanted.get(spot)) for spot in spots}
        grounds = {spot: ground_of(lines.get(spot, ()), digests[spot]) for spot in spots}
        found = compare(wanted, look.ours, look.foreign, grounds)
    return Picture(look, wanted, lines, grounds, digests, found)


def wanted_everywhere(holdings: Sequence[Holding], layout: Layout) -> dict[Spot, Entry]:
    """What live holdings want at each of their places: the same as `entries.wanted_by` for one place at a time."""
    about: dict[tuple[str, str], list[Holding]] = defaultdict(list)
    for holding in holdings:
        about["project", holding.project].append(holding)
        nobody = alone(holding)
        for image in dict.fromkeys(holding.images):
            about[IMAGE_PLACE, image].append(nobody)
        for holder in holding.holders:
            about[MEMBER_PLACE, holder.subject].append(alone(holding, holder))
    places = {place: holding.project for holding in holdings for place in layout.places(holding)}
    asked = ((place, layout.entry(place, about[_about(place, project)])) for place, project in places.items())
    return {(place.kind, place.key): entry for place, entry in asked if entry is not None}


def _about(place: Place, project: str) -> tuple[str, str]:
    return (place.kind, place.key) if place.kind in (MEMBER_PLACE, IMAGE_PLACE) else ("project", project)


def lines_at(target: str, *, before: datetime) -> dict[Spot, list[Line]]:
    """The lines of a target that say anything about now, by place: all but those proven gone `before` the margin.

    A line is quiet when it was last seen through before then, and no call for it is under way.
    """
    lately = Q(proven_at__gt=before)
    rows = Delivery.objects.filter(~Q(status=Status.PROVEN) | lately, target=target)
    asked = Attempt.objects.filter(outcome="", delivery__target=target)
    calling = set(asked.values_list("delivery_id", flat=True))
    found: dict[Spot, list[Line]] = defaultdict(list)
    columns = ("pk", "grant__project_id", "kind", "key", "status", "facts", "verified_at", "proven_at")
    for pk, project, kind, key, status, facts, verified_at, proven_at in rows.values_list(*columns):
        settled = proven_at if status == Status.PROVEN else verified_at
        quiet = pk not in calling and settled is not None and settled <= before
        found[kind, key].append(Line(status, facts, quiet, pk, project))
    return dict(found)


def projects_at(target: str, spots: Iterable[Spot], lines: dict[Spot, list[Line]]) -> dict[Spot, set[int]]:
    """Whose access stands at these places, or stood there last: the numbers of projects. At most one query."""
    found = {spot: {line.project for line in lines.get(spot, ())} for spot in spots}
    unknown = {spot for spot, projects in found.items() if not projects}
    if unknown:
        past = Delivery.objects.filter(
            target=target, kind__in={kind for kind, _ in unknown}, key__in={key for _, key in unknown}
        )
        for kind, key, project in past.values_list("kind", "key", "grant__project_id").distinct():
            if (kind, key) in unknown:
                found[kind, key].add(project)
    return found
