"""Reading deliveries: how far a grant is, what needs attention, what is overdue."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from grants.delivery.models import Delivery
from grants.delivery.states import REMOVING, Kind, Status
from grants.lifecycle.models import Grant

SETUP_BOUND = timedelta(minutes=2)
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


def overdue(now: datetime) -> QuerySet[Delivery]:
    """Lines that should be in place or gone by now and are not, the oldest first, with grant and project."""
    late = Q(status__in=[Status.WANTED, Status.APPLIED], since__lte=now - SETUP_BOUND)
    late |= Q(status__in=[Status.UNWANTED, Status.REMOVED], since__lte=now - REMOVAL_BOUND)
    return Delivery.objects.filter(late).select_related("grant__project").order_by("since", "pk")


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
