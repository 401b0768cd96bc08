"""What an API token of somebody who may does not open: whatever would outlive the token."""

from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from grants.directory.actors import actor_for
from portal.accounts.tokens import create_token
from portal.tests.authorisation.conftest import World
from portal.tests.authorisation.table import BROWSER_ONLY, TABLE
from portal.tests.authorisation.test_matrix import ask

ROLES = {"member": ["write"], "lead": ["write"], "administrator": ["write", "admin"]}


def with_tokens(world: World) -> World:
    """The same people, each with a token in place of a session."""
    clients = {}
    for role, scopes in ROLES.items():
        person = world.people[role]
        by, now = actor_for(person), timezone.now()
        _token, secret = create_token(person=person, name="matrix", scopes=scopes, days=1, by=by, now=now)
        clients[role] = Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)
    return replace(world, clients=clients)


@pytest.mark.parametrize("role", ROLES)
def test_a_token_opens_what_its_person_may_but_what_outlives_it(world: World, role: str) -> None:
    asked = [row for row in TABLE if row.route.startswith("api/v1/") and row.expected(role) == "allowed"]
    by_token = with_tokens(world)
    refused = {(row.verb, row.route) for row in asked if ask(by_token, row, role) == "forbidden"}
    assert refused == BROWSER_ONLY & {(row.verb, row.route) for row in asked}
