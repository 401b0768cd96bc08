"""Access that nobody uses: people with access and no use (figure F22), and whole grants without any."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import CharField, Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from audit.costs.models import Commitment, DayTotal
from audit.costs.presence import grants_with_use, people_with_use
from audit.pulls.models import Pull
from grants.directory.models import Person
from grants.lifecycle.models import Grant, GrantMember
from grants.lifecycle.states import GrantStatus

WINDOWS = (30, 60, 90)
"""The days that F22 can be asked for."""


@dataclass(frozen=True, slots=True)
class UnusedPerson:
    """Somebody who may pull and run, and in the window did neither: `projects` are those of such grants."""

    person: Person
    projects: tuple[str, ...]
    grants: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnusedGrant:
    """A grant under which in the window nothing was pulled and nothing ran.

    `promised` is what its request planned to spend and the budget still counts; None: nothing was planned.
    """

    grant: Grant
    people: int
    promised: Decimal | None


def unused_people(team: str, *, days: int, now: datetime) -> list[UnusedPerson]:
    """F22: members of a team's active grants, as long there as the window, with no pull and no held hour: 5 queries."""
    since = now - timedelta(days=days)
    rows = GrantMember.objects.filter(
        removed_at=None, grant__status=GrantStatus.ACTIVE, grant__starts__lte=since, person__active=True,
        grant__project__team__key=team,
    ).values_list("person_id", "grant__project__key", "grant_id")  # fmt: skip
    members = list(rows)
    busy = _busy({project for _, project, _ in members}, since)
    idle: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for person, project, grant in members:
        if (project, f"person:{person}") not in busy:
            idle[person].append((project, grant))
    people = Person.objects.filter(pk__in=idle).order_by("folded_name", "pk")
    return [
        UnusedPerson(
            one,
            tuple(sorted({key for key, _ in idle[one.pk]})),
            tuple(sorted({pk for _, pk in idle[one.pk]})),
        )
        for one in people
    ]


def _busy(projects: set[str], since: datetime) -> set[tuple[str, str]]:
    pulls = Pull.objects.filter(counted=True, at__gte=since, project__in=projects)
    pulled = set(pulls.order_by().values_list("project", "person").distinct())
    return pulled | people_with_use(projects, since=timezone.localdate(since))


def unused_grants(team: str, *, days: int, now: datetime) -> list[UnusedGrant]:
    """Active grants of a team, older than the window, that nobody used in it, oldest first: 9 queries."""
    since = now - timedelta(days=days)
    grants = list(
        _old_grants(since)
        .filter(project__team__key=team)
        .select_related("project__team")
        .prefetch_related("members", "images__image__registry")
        .order_by("starts", "pk")
    )
    used = _used([grant.label for grant in grants], since)
    return _described([grant for grant in grants if grant.label not in used])


def unused_count(*, days: int, now: datetime) -> Coalesce:
    """How many of such grants a team has: a column to annotate teams with."""
    since = now - timedelta(days=days)
    label = Concat(Value("grant:"), Cast(OuterRef("pk"), CharField()))
    pulled = Pull.objects.filter(grant=label, counted=True, at__gte=since)
    held = DayTotal.objects.filter(key__grant=label, day__gte=timezone.localdate(since), held_ms__gt=0)
    rows = _old_grants(since).filter(~Exists(pulled), ~Exists(held), project__team=OuterRef("pk"))
    counted = rows.order_by().values("project__team").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def _old_grants(since: datetime) -> "QuerySet[Grant]":
    return Grant.objects.filter(status=GrantStatus.ACTIVE, starts__lte=since)


def _used(labels: Sequence[str], since: datetime) -> set[str]:
    pulled = Pull.objects.filter(counted=True, at__gte=since, grant__in=labels).order_by()
    used = set(pulled.values_list("grant", flat=True).distinct())
    return used | grants_with_use(labels, since=timezone.localdate(since))


def _described(grants: Sequence[Grant]) -> list[UnusedGrant]:
    origins = [grant.origin for grant in grants]
    promised = dict(Commitment.objects.filter(origin__in=origins, over=False).values_list("origin", "amount"))
    return [
        UnusedGrant(
            grant, sum(row.removed_at is None for row in grant.members.all()), promised.get(grant.origin)
        )
        for grant in grants
    ]
