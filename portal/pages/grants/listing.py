"""The list of grants: tabs by whose they are, narrowed by state and words, with their use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import QueryDict

from audit.pulls.selectors import LastUse, use_of_grants
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.selectors import grants_visible_to
from grants.lifecycle.states import FINAL, GrantStatus, No, Who, refusal_code
from portal.pages.grants.forms import GrantFilter
from portal.pages.words import ENDS_SOON

UNUSED = timedelta(days=30)
MINE, TEAM, ALL = "mine", "team", "all"


@dataclass(frozen=True)
class GrantRow:
    """One grant of the list. `use` is None when nobody pulled by it yet; only a returnable row can be ticked."""

    grant: Grant
    images: list[GrantImage]
    people: int
    use: LastUse | None
    days_left: int
    request_id: int | None
    returnable: bool = False
    ticked: bool = False


@dataclass(frozen=True)
class Wanted:
    """What a list or a download of grants is narrowed to: the tab, and the filters where they narrow anything."""

    scope: str
    text: str
    state: str


def wanted_in(query: QueryDict, viewer: Standing) -> Wanted:
    """What the parameters ask for; a tab the viewer does not have is their first one."""
    form, scopes, scope = GrantFilter(query), scopes_of(viewer), query.get("tab", "")
    form.is_valid()
    text, state = form.cleaned_data.get("q", ""), form.cleaned_data.get("state", "")
    return Wanted(scope if scope in scopes else scopes[0], text, state)


def found_by(viewer: Standing, wanted: Wanted, *, now: datetime) -> QuerySet[Grant]:
    """The grants that are wanted and that the viewer may see, newest first."""
    return narrowed(grants_in(viewer, wanted.scope), text=wanted.text, state=wanted.state, now=now)


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


def with_ticks(rows: Iterable[GrantRow], viewer: Standing, ticked: Iterable[str]) -> list[GrantRow]:
    """The rows with what the viewer may tick and has ticked: no query."""
    kept = set(ticked)
    return [
        replace(
            row,
            returnable=why_not_returnable(row.grant, viewer) is None,
            ticked=str(row.grant.pk) in kept,
        )
        for row in rows
    ]


def why_not_returnable(grant: Grant, viewer: Standing) -> No | None:
    """Why the viewer cannot give this grant back; None when they can. No query, where the service asks again."""
    held = {
        Who.LEAD: grant.project.team_id in viewer.led_team_ids,
        Who.ADMINISTRATOR: viewer.is_administrator,
    }
    roles = frozenset(who for who, true in held.items() if true) or frozenset({Who.STRANGER})
    return refusal_code("give_back", status=grant.status, roles=roles)


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
