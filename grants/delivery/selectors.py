"""Reading deliveries: how far a grant is, what needs attention, what is overdue."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from grants.delivery.models import Delivery
from grants.delivery.states import OPEN, REMOVING, Kind, Status
from grants.lifecycle.models import Grant

SETUP_BOUND = timedelta(minutes=2)
FAILING = "failing"
CELL_ORDER = (*REMOVING, Status.WANTED, Status.APPLIED, Status.VERIFIED)  # what holds a cell back comes first
REMOVAL_BOUND = timedelta(minutes=10)  # the longest token and its leeway, and room for a retry


@dataclass(slots=True)
class Progress:
    """How far a grant is: so many of its people and images were seen in place, so many lines proven gone."""

    people: int = 0
    people_ready: int = 0
    images: int = 0
    images_ready: int = 0
    gone: int = 0
    total: int = 0
    attention: list[Delivery] = field(default_factory=list)


def deliveries_of(grants: Iterable[Grant]) -> dict[int, list[Delivery]]:
    """The lines of each grant by its number, people after images, in one query; a grant without lines has []."""
    found: dict[int, list[Delivery]] = {grant.pk: [] for grant in grants}
    for row in Delivery.objects.filter(grant_id__in=found).order_by("grant_id", "kind", "target", "key"):
        found[row.grant_id].append(row)
    return found


def progress(grant: Grant, rows: Iterable[Delivery] | None = None) -> Progress:
    """How far a grant is, from `rows` where they are at hand (see `deliveries_of`), else with one query."""
    state = Progress()
    for row in grant.deliveries.order_by("pk") if rows is None else rows:
        _count(state, row)
    return state


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
    if any(line.failures and line.status in OPEN for line in known):
        return FAILING
    statuses = {line.status for line in known}
    return next((str(status) for status in CELL_ORDER if status in statuses), "")


def _count(state: Progress, row: Delivery) -> None:
    state.total += 1
    state.gone += row.status == Status.PROVEN
    if row.failures:
        state.attention.append(row)
    if row.status in REMOVING:
        return
    ready = row.status == Status.VERIFIED
    if row.kind == Kind.MEMBER:
        state.people, state.people_ready = state.people + 1, state.people_ready + ready
    else:
        state.images, state.images_ready = state.images + 1, state.images_ready + ready
