"""Test helpers of the pages: the queries of a request, and a session of a person."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from grants.directory.models import Person
from portal.accounts.testing import sign_in

MOST_QUERIES = 20


def as_person(person: Person) -> Client:
    """A browser of its own, signed in as this person."""
    return sign_in(Client(), person)


def queries_of(client: Client, address: str) -> int:
    """How many statements a GET of this address needs; it must answer 200."""
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        response = client.get(address)
    assert response.status_code == 200, response.status_code
    return len(caught)


def assert_constant(client: Client, address: str, more: Callable[[], Any]) -> None:
    """The page needs as many statements after `more` rows as before, and at most 20."""
    before = queries_of(client, address)
    more()
    after = queries_of(client, address)
    assert after == before, f"{before} statements became {after}"
    assert after <= MOST_QUERIES, after
