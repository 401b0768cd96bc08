"""Two browsers at once never make two people of one human being."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection

from audit.ledger.models import Event
from grants.directory.models import Person
from grants.directory.services import apply_claims
from grants.directory.types import Claims

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_first_sign_ins_at_once_make_one_person() -> None:
    barrier = Barrier(4)
    claims = Claims(address="dora@example.com", address_verified=True, user_name="dora", name="Dora")

    def arrive(issuer: int) -> int:
        try:
            barrier.wait(10)
            return apply_claims(issuer=f"https://idp{issuer}", subject="s", claims=claims, now=NOW).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(arrive, [1, 1, 2, 2]))

    assert found == [Person.objects.get().pk] * 4
    assert Event.objects.filter(kind="grants.person.created").count() == 1
    assert Event.objects.filter(kind="grants.identity.linked").count() == 2
