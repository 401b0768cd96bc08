"""Reading grants: what a viewer may see, what is live, what overlaps."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Least

from grants.directory.models import Person
from grants.directory.standing import Standing
from grants.lifecycle.clock import moment
from grants.lifecycle.holds import due_lines
from grants.lifecycle.models import Grant, GrantImage, GrantMember, Hold
from grants.lifecycle.states import ALLOWING, LIVE, GrantStatus, HoldState
from grants.lifecycle.types import Overlap


@dataclass(frozen=True, slots=True)
class HeldOnce:
    """One image of one grant, and from when until when it was granted; `until` may be to come."""

    repository: str
    grant: Grant
    since: datetime
    until: datetime


def grants_visible_to(viewer: Standing | None) -> QuerySet[Grant]:
    """The grants a viewer may see, newest first.

    Members see those they are in and their teams', approvers, auditors and administrators all, strangers none.
    """
    if viewer is None or not viewer.person.active:
        return Grant.objects.none()
    grants = Grant.objects.order_by("-issued_at", "-pk")
    if viewer.sees_all or viewer.is_approver:
        return grants
    held = GrantMember.objects.filter(person=viewer.person).values("grant_id")
    return grants.filter(Q(pk__in=held) | Q(project__team_id__in=viewer.team_ids))


def with_bundle(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """The same grants with project, team, people and images read along: three queries, however many grants."""
    members = GrantMember.objects.select_related("person").order_by("person__name", "pk")
    images = GrantImage.objects.select_related("image__registry").order_by("image__repository", "pk")
    return grants.select_related("project__team").prefetch_related(
        Prefetch("members", queryset=members), Prefetch("images", queryset=images)
    )


def live_grants_for(person: Person, now: datetime | None = None) -> QuerySet[Grant]:
    """The grants that allow this person something at `now` (None: the database's clock), soonest end first."""
    at = moment(now)
    held = GrantMember.objects.filter(person=person, person__active=True, removed_at=None)
    live = Grant.objects.filter(status__in=ALLOWING, starts__lte=at, ends__gt=at)
    return live.filter(pk__in=held.values("grant_id")).order_by("ends", "pk")


def grants_of(origin: str) -> QuerySet[Grant]:
    """The grant that this decision made, e.g. `request:42`: one or none."""
    return Grant.objects.filter(origin=origin)


def allowing() -> Q:
    """Which image lines give their image: those whose image is not blocked, and those that the brake keeps."""
    return Q(image__blocked=False) | Q(kept=True)


def overlapping(
    *, person_ids: Iterable[int], image_ids: Iterable[int], now: datetime | None = None
) -> list[Overlap]:
    """Who of these people holds which of these images already, or will from a later start: one query."""
    lines = (
        GrantMember.objects.filter(
            person_id__in=list(person_ids),
            removed_at=None,
            grant__status__in=LIVE,
            grant__ends__gt=moment(now),
            grant__images__image_id__in=list(image_ids),
            grant__images__removed_at=None,
        )
        .order_by("person_id", "grant__images__image_id", "grant_id")
        .values_list("person_id", "grant__images__image_id", "grant_id", "grant__role", "grant__ends")
    )
    return [Overlap(*line) for line in lines]


def held_once(
    *, registry_id: int, person_id: int | None = None, project_id: int | None = None
) -> list[HeldOnce]:
    """What a person, or the robots of a project, were ever granted at a registry, with when: one query.

    For logs that tell of times gone by; what is allowed now is asked of `access`. One of the two is named.
    """
    lines = GrantImage.objects.filter(image__registry_id=registry_id).exclude(
        grant__status__in=[GrantStatus.SCHEDULED, GrantStatus.FAILED]
    )
    ends = ["grant__ends", "grant__revoking_since", "removed_at"]
    if person_id is not None:
        lines = lines.filter(grant__members__person_id=person_id)
        ends.append("grant__members__removed_at")
    if project_id is not None:
        lines = lines.filter(grant__project_id=project_id)
    # LEAST leaves out what is NULL: the first of whatever ended it.
    until = Least(*ends)
    rows = lines.annotate(until=until).select_related("grant__project__team", "image").order_by("pk")
    return [HeldOnce(row.image.repository, row.grant, row.grant.starts, row.until) for row in rows]


def holds_visible_to(viewer: Standing | None) -> QuerySet[Hold]:
    """What the brake holds back and held: for auditors and administrators, who see everything."""
    if viewer is None or not viewer.person.active or not viewer.sees_all:
        return Hold.objects.none()
    return Hold.objects.order_by("-pk")


def open_holds() -> QuerySet[Hold]:
    """What waits for an administrator, oldest first."""
    return Hold.objects.filter(state=HoldState.HELD).order_by("since", "pk")


def grants_of_hold(hold: Hold) -> QuerySet[Grant]:
    """The grants that releasing would touch now; of a decided one, all it was about."""
    lines = due_lines(hold) if hold.state == HoldState.HELD else hold.lines.all()
    return Grant.objects.filter(pk__in=lines.order_by().values("grant_id")).order_by("pk")
