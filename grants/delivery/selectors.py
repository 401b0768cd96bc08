"""Reading deliveries: how far a grant is, what needs attention, what is overdue."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from grants.delivery.models import Delivery
from grants.delivery.states import REMOVING, Kind, Status
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

    `ends_itself_at`: when the target will end all of them without Purser; None when not all of them have an end.
    `others`: the lines that are neither a person nor an image.
    """

    target: str
    wanted: int = 0
    ready: int = 0
    ending: int = 0
    gone: int = 0
    failing: int = 0
    ends_itself_at: datetime | None = None
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


def systems_of(rows: Iterable[Delivery]) -> list[AtSystem]:
    """How far a grant is at each target, by key."""
    lines: dict[str, list[Delivery]] = defaultdict(list)
    for row in rows:
        lines[row.target].append(row)
    return [_at_system(target, lines[target]) for target in sorted(lines)]


def _at_system(target: str, rows: list[Delivery]) -> AtSystem:
    wanted = [row for row in rows if row.status not in REMOVING]
    ends = [row.ends_itself_at for row in wanted if row.kind == Kind.MEMBER or row.ends_itself_at]
    known = [end for end in ends if end is not None]
    return AtSystem(
        target=target,
        wanted=len(wanted),
        ready=sum(row.status == Status.VERIFIED for row in wanted),
        ending=len(rows) - len(wanted),
        gone=sum(row.status == Status.PROVEN for row in rows),
        failing=sum(row.failures > 0 for row in rows),
        ends_itself_at=max(known) if known and len(known) == len(ends) else None,
        others=[row for row in rows if row.kind not in (Kind.MEMBER, Kind.IMAGE)],
    )


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
