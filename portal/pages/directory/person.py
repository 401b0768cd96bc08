"""Everything the page of one person shows, as far as this viewer may see it."""

from typing import Any

from audit.ledger.selectors import event_page
from audit.ledger.types import EventFilters
from audit.pulls.selectors import counted_pulls, pulls_in
from grants.directory.models import Person
from grants.directory.standing import Standing
from grants.lifecycle.selectors import grants_visible_to, with_bundle
from grants.lifecycle.states import LIVE
from grants.tokens.selectors import credentials_visible_to
from portal.edges.scopes import event_scope, pull_scope
from portal.pages.audit.words import event_lines

MOST = 10


def person_context(viewer: Standing, person: Person) -> dict[str, Any]:
    """The context of a person's page: about eight queries."""
    held = grants_visible_to(viewer).filter(members__person=person, members__removed_at=None, status__in=LIVE)
    pulls = counted_pulls(pulls_in(pull_scope(viewer)), person=person.label)
    about = event_page(event_scope(viewer), EventFilters(person=person.label), size=MOST)
    return {
        "person": person,
        "addresses": list(person.addresses.order_by("-primary", "address")),
        "places": list(person.memberships.select_related("team").order_by("team__name")),
        "roles": sorted(role.role for role in person.roles.all()),
        "identities": list(person.identities.all()) if viewer.is_administrator else [],
        "grants": list(with_bundle(held)[:MOST]),
        "credentials": list(credentials_visible_to(viewer).filter(person=person, revoked_at=None)[:MOST]),
        "pulls": list(pulls[:MOST]),
        "history": event_lines(about.events),
        "may_change": viewer.is_administrator and viewer.person.pk != person.pk,
    }
