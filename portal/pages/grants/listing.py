"""The list of grants: tabs by whose they are, narrowed by state and words, with their use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from audit.pulls.selectors import LastUse, use_of_grants
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.selectors import grants_visible_to
from grants.lifecycle.states import FINAL, GrantStatus
from portal.pages.words import ENDS_SOON

UNUSED = timedelta(days=30)
MINE, TEAM, ALL = "mine", "team", "all"


@dataclass(frozen=True)
class GrantRow:
    """One grant of the list. `use` is None when nobody pulled by it yet."""

    grant: Grant
    images: list[GrantImage]
    people: int
    use: LastUse | None
    days_left: int
    request_id: int | None


def scopes_of(viewer: Standing) -> list[str]:
    """The tabs this viewer has, the most useful first."""
    if viewer.sees_all or viewer.is_approver:
        return [ALL, MINE]
    return [TEAM, MINE] if viewer.is_lead else [MINE, TEAM]


def grants_in(viewer: Standing, scope: str) -> QuerySet[Grant]:
    """The grants of one tab, newest first."""
    grants = grants_visible_to(viewer)
    if scope == MINE:
        held = GrantMember.objects.filter(person=viewer.person, removed_at=None).values("grant_id")
        return grants.filter(pk__in=held)
    return grants.filter(project__team_id__in=viewer.team_ids) if scope == TEAM else grants


def narrowed(grants: QuerySet[Grant], *, text: str, state: str, now: datetime) -> QuerySet[Grant]:
    """Those grants in a state that hold all words in project, images or people."""
    for word in text.split():
        images = GrantImage.objects.filter(image__repository__icontains=word).values("grant_id")
        people = GrantMember.objects.filter(person__name__icontains=word).values("grant_id")
        project = Q(project__name__icontains=word) | Q(project__key__icontains=word)
        grants = grants.filter(project | Q(pk__in=images) | Q(pk__in=people))
    return _in_state(grants, state, now)


def rows_of(grants: Sequence[Grant], *, now: datetime) -> list[GrantRow]:
    """The rows of one page; `grants` were read with `with_bundle`. One more query, however many."""
    use = use_of_grants([grant.label for grant in grants], now=now)
    return [
        GrantRow(
            grant=grant,
            images=[row for row in grant.images.all() if row.removed_at is None] or list(grant.images.all()),
            people=sum(row.removed_at is None for row in grant.members.all()),
            use=use.get(grant.label),
            days_left=max((grant.ends - now).days, 0),
            request_id=request_of(grant),
        )
        for grant in grants
    ]


def request_of(grant: Grant) -> int | None:
    """The number of the request that made the grant, if one did."""
    kind, _, number = grant.origin.partition(":")
    return int(number) if kind == "request" and number.isdigit() else None


def _in_state(grants: QuerySet[Grant], state: str, now: datetime) -> QuerySet[Grant]:
    if state == "all":
        return grants
    if state == "ended":
        return grants.filter(status__in=FINAL)
    if state == "soon":
        return grants.filter(status=GrantStatus.ACTIVE, ends__lte=now + ENDS_SOON)
    if state == "attention":
        return grants.filter(deliveries__failures__gt=0).distinct()
    if state == "unused":
        active = grants.filter(status=GrantStatus.ACTIVE)
        return active.exclude(pk__in=_used(active, now))
    return grants.exclude(status__in=FINAL)


def _used(grants: QuerySet[Grant], now: datetime) -> list[int]:
    labels = [f"grant:{pk}" for pk in grants.order_by().values_list("pk", flat=True)]
    use = use_of_grants(labels, now=now)
    return [int(label.partition(":")[2]) for label, one in use.items() if one.recent]
