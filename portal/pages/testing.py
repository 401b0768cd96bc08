"""Test helpers of the pages: sessions, statements of a request, pulls."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.pulls.models import Pull
from grants.directory.models import Person
from grants.lifecycle.models import Grant
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
    if response.status_code != 200:
        raise AssertionError(f"{address} answered {response.status_code}")
    return len(caught)


def assert_constant(client: Client, address: str, more: Callable[[], Any]) -> None:
    """The page needs as many statements after `more` rows as before, and at most 20."""
    before = queries_of(client, address)
    more()
    after = queries_of(client, address)
    if after != before or after > MOST_QUERIES:
        raise AssertionError(f"{before} statements became {after}; at most {MOST_QUERIES}")


def make_pull(grant: Grant, **fields: Any) -> Pull:
    """A counted pull of `fraud/base` by this grant, just now, unless said otherwise."""
    now = timezone.now()
    given = {
        "event_id": f"report-{Pull.objects.count()}",
        "registry": "main",
        "at": now,
        "received_at": now,
        "action": "pull",
        "counted": True,
        "repository": "fraud/base",
        "grant": grant.label,
        "project": grant.project.key,
    }
    return Pull.objects.create(**given | fields)
