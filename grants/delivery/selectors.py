"""Reading deliveries: how far a grant is, what needs attention, what is overdue."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from grants.connectors.base import KnowsEnds, Layout, Place
from grants.connectors.errors import ConnectorError
from grants.delivery.models import Delivery
from grants.delivery.states import APPLYING, REMOVING, Kind, Status
from grants.delivery.targets import Target, layout_of, targets_named
from grants.lifecycle.models import Grant

SETUP_BOUND = timedelta(minutes=2)
FAILING = "failing"
CELL_ORDER = (*REMOVING, Status.WANTED, Status.APPLIED, Status.VERIFIED)  # what holds a cell back comes first
REMOVAL_BOUND = timedelta(minutes=10)  # the longest token and its leeway, and room for a retry


@dataclass(slots=True)
class Progress:
    """How far a grant is: so many of its people and images were seen in place everywhere, so many lines proven gone.

    `people` and `images` count those whose line is wanted somewhere, each once however many systems they are in;
    `attention`: the failing lines.
    """

    people: int = 0
    people_ready: int = 0
    images: int = 0
    images_ready: int = 0
    gone: int = 0
    total: int = 0
    attention: list[Delivery] = field(default_factory=list)


@dataclass(slots=True)
class AtSystem:
    """How far a grant is at one target: `ready` of the `wanted` lines, `gone` of those that end.

    `ends_itself_at`: by when the target will have ended all access without Purser; None when some of it stays, and
    then `partly_ends_itself_at` is by when all that does end has ended, if any does.
    `others`: the lines that are neither a person nor an image.
    """

    target: str
    wanted: int = 0
    ready: int = 0
    ending: int = 0
    gone: int = 0
    failing: int = 0
    ends_itself_at: datetime | None = None
    partly_ends_itself_at: datetime | None = None
    others: list[Delivery] = field(default_factory=list)


def deliveries_of(grants: Iterable[Grant]) -> dict[int, list[Delivery]]:
    """The lines of each grant by its number, people after images, in one query; a grant without lines has []."""
    found: dict[int, list[Delivery]] = {grant.pk: [] for grant in grants}
    for row in Delivery.objects.filter(grant_id__in=found).order_by("grant_id", "kind", "target", "key"):
        found[row.grant_id].append(row)
    return found


def progress(grant: Grant, rows: Iterable[Delivery] | None = None) -> Progress:
    """How far a grant is, from `rows` where they are at hand (see `deliveries_of`), else with one query."""
    lines = list(grant.deliveries.order_by("pk") if rows is None else rows)
    wanted = [row for row in lines if row.status not in REMOVING]
    people = _ready_by((row.key, row) for row in wanted if row.kind == Kind.MEMBER)
    images = _ready_by(((row.target, row.key), row) for row in wanted if row.kind == Kind.IMAGE)
    return Progress(
        people=len(people),
        people_ready=sum(people.values()),
        images=len(images),
        images_ready=sum(images.values()),
        gone=sum(row.status == Status.PROVEN for row in lines),
        total=len(lines),
        attention=[row for row in lines if row.failures],
    )


def systems_of(rows: Iterable[Delivery], targets: Mapping[str, Target] | None = None) -> list[AtSystem]:
    """How far a grant is at each target, by key; `targets` where they are at hand, else with two queries more."""
    lines: dict[str, list[Delivery]] = defaultdict(list)
    for row in rows:
        lines[row.target].append(row)
    known = targets_named(lines) if targets is None else targets
    ends = _own_ends([row for found in lines.values() for row in found])
    return [_at_system(target, lines[target], ends, _layout(known.get(target))) for target in sorted(lines)]


def _at_system(target: str, rows: list[Delivery], ends: "OwnEnds", layout: Layout | None) -> AtSystem:
    wanted = [row for row in rows if row.status not in REMOVING]
    over, all_of_it = _own_end(wanted, ends, layout)
    return AtSystem(
        target=target,
        wanted=len(wanted),
        ready=sum(row.status == Status.VERIFIED for row in wanted),
        ending=len(rows) - len(wanted),
        gone=sum(row.status == Status.PROVEN for row in rows),
        failing=sum(row.failures > 0 for row in rows),
        ends_itself_at=over if all_of_it else None,
        partly_ends_itself_at=None if all_of_it else over,
        others=[row for row in rows if row.kind not in (Kind.MEMBER, Kind.IMAGE)],
    )


OwnEnds = Mapping[tuple[str, str, str], datetime]
"""By target, kind and key: when the target ends the place. A robot that two grants share lasts as long as either."""


def _own_ends(rows: Iterable[Delivery]) -> OwnEnds:
    """The latest end of each place, whichever grant's line knows it: one query, none where nothing has an end."""
    places = {(row.target, row.kind, row.key) for row in rows if row.ends_itself_at}
    if not places:
        return {}
    targets, kinds, keys = ({place[n] for place in places} for n in range(3))
    found = Delivery.objects.filter(
        target__in=targets, kind__in=kinds, key__in=keys, status__in=APPLYING, ends_itself_at__isnull=False
    )
    latest = found.order_by().values_list("target", "kind", "key").annotate(Max("ends_itself_at"))
    return {(target, kind, key): end for target, kind, key, end in latest}


def _own_end(rows: Iterable[Delivery], ends: OwnEnds, layout: Layout | None) -> tuple[datetime | None, bool]:
    """When what ends by itself there is over, and whether that is all access the lines give."""
    reach = [(row, _reach(layout, row)) for row in rows]
    found = [(ends.get((row.target, row.kind, row.key)), how) for row, how in reach if how != "idle"]
    known = [end for end, _how in found if end is not None]
    whole = all(end is not None and how == "whole" for end, how in found)
    return max(known, default=None), whole and bool(known)


def _reach(layout: object, row: Delivery) -> str:
    return layout.own_end(Place(row.kind, row.key)) if isinstance(layout, KnowsEnds) else "part"


def _layout(target: Target | None) -> Layout | None:
    """The target's layout; None where it is unknown or cannot be made: then nothing is promised."""
    try:
        return layout_of(target) if target else None
    except ConnectorError:
        return None


def _ready_by(rows: Iterable[tuple[object, Delivery]]) -> dict[object, bool]:
    found: dict[object, bool] = {}
    for key, row in rows:
        found[key] = found.get(key, True) and row.status == Status.VERIFIED
    return found


def cells_of(grant: Grant) -> dict[tuple[int, int], str]:
    """How far each person's access to each image is, by (person, image): three queries.

    It is the delivery's status of the one of the two lines that is further behind (the one that goes away, where
    one does), or `failing`; "" where nothing was ever to be done at the target.
    """
    lines = {(row.kind, row.target, row.key): row for row in deliveries_of([grant])[grant.pk]}
    people = grant.members.values_list("person_id", flat=True)
    images = [
        (line.image_id, line.image.registry.key, line.image.repository)
        for line in grant.images.select_related("image__registry")
    ]
    return {
        (person, image): _cell(
            lines.get((Kind.MEMBER, target, f"person:{person}")), lines.get((Kind.IMAGE, target, repository))
        )
        for person in people
        for image, target, repository in images
    }


def overdue(now: datetime) -> QuerySet[Delivery]:
    """Lines that should be in place or gone by now and are not, the oldest first, with grant and project."""
    late = Q(status__in=[Status.WANTED, Status.APPLIED], since__lte=now - SETUP_BOUND)
    late |= Q(status__in=[Status.UNWANTED, Status.REMOVED], since__lte=now - REMOVAL_BOUND)
    return Delivery.objects.filter(late).select_related("grant__project").order_by("since", "pk")


def _cell(*lines: Delivery | None) -> str:
    known = [line for line in lines if line is not None]
    if any(line.failures and line.status != Status.PROVEN for line in known):
        return FAILING
    statuses = {line.status for line in known}
    return next((str(status) for status in CELL_ORDER if status in statuses), "")
