"""What changes which topic."""

from typing import Any

from approvals.requests.models import Decision, Lane, Request
from grants.directory.selectors import approvers_of, leads_of_teams
from grants.lifecycle.models import Grant, GrantMember
from portal.live.topics import bump, recheck


def request_changed(request_id: int, **_kwargs: Any) -> None:
    """A request moved: its page, its requester's home, and the inbox of everyone who may decide it."""
    request = Request.objects.only("requester_id").get(pk=request_id)
    deciders = set(Decision.objects.filter(lane__request_id=request_id).values_list("person_id", flat=True))
    for lane in Lane.objects.filter(request_id=request_id).values_list("name", flat=True):
        deciders.update(approvers_of(lane).values_list("pk", flat=True))
    inboxes = [f"inbox:{pk}" for pk in deciders]
    bump(f"request:{request_id}", f"person:{request.requester_id}", *inboxes)


def grant_changed(grant_id: int, **_kwargs: Any) -> None:
    """A grant moved: its page, the homes of its members and of the team's leads, the request it came from."""
    origin, team = Grant.objects.values_list("origin", "project__team_id").get(pk=grant_id)
    people = set(GrantMember.objects.filter(grant_id=grant_id).values_list("person_id", flat=True))
    people.update(lead.pk for lead in leads_of_teams([team]))
    requests = [origin] if origin.startswith("request:") else []
    bump(f"grant:{grant_id}", *requests, *(f"person:{pk}" for pk in people))


def delivery_changed(grant_id: int, **_kwargs: Any) -> None:
    """A grant was delivered further: its page and the page of the request it came from."""
    origin = Grant.objects.values_list("origin", flat=True).get(pk=grant_id)
    bump(f"grant:{grant_id}", *([origin] if origin.startswith("request:") else []))


def costs_changed(**_kwargs: Any) -> None:
    """Usage came or was priced anew: pages of costs say that there is something newer."""
    bump("costs")


def catalogue_changed(**_kwargs: Any) -> None:
    """The catalogue was read again."""
    bump("catalogue")


def person_disabled(person_id: int, **_kwargs: Any) -> None:
    """A disabled person's sockets close at once."""
    recheck(person_id)


def pulls_recorded(grants: list[str], **_kwargs: Any) -> None:
    """Pulls arrived: the pages of their grants show the newest."""
    bump(*grants)


def brake_changed(**_kwargs: Any) -> None:
    """The brake holds something back, or somebody decided on it."""
    bump("brakes")
