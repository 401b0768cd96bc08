"""The token log's batches: no row falls between two, and a wrong clock accuses no untouched log."""

from datetime import timedelta

import pytest
from django.db import connection

from audit.ledger.actors import system
from audit.ledger.models import Event
from grants.lifecycle.clock import database_time
from grants.tokens.models import IssuedToken, TokenBatch
from grants.tokens.sealing import SETTLED, broken_batches, seal

BY = system("tokens")
pytestmark = pytest.mark.django_db(transaction=True)


def token(jti, at):
    IssuedToken.objects.create(jti=jti, at=at, outcome="issued", login="bob", access=[])


def test_a_run_is_vouched_for_once_in_the_ledger():
    now = database_time()
    token("old", now - timedelta(minutes=1))
    token("fresh", now)
    assert [seal(by=BY, now=now), seal(by=BY, now=now)] == [1, 0]
    batch = TokenBatch.objects.get()
    detail = Event.objects.get(kind="grants.tokens.sealed").detail
    assert (detail, broken_batches()) == ({"count": 1, "sha256": batch.digest}, [])


@pytest.mark.parametrize("skew", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_worker_whose_clock_is_wrong_accuses_nobody(skew):
    token("first", database_time() - timedelta(minutes=10))
    assert seal(by=BY, now=database_time() + skew) == 1
    token("second", database_time())
    assert broken_batches() == []
    assert TokenBatch.objects.get().until <= database_time() - SETTLED


def test_a_row_that_was_changed_is_found():
    token("one", database_time() - timedelta(minutes=1))
    seal(by=BY, now=database_time())
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, 'tokens_issuedtoken', 'UPDATE')")
        assert cursor.fetchone() == (False,)
    TokenBatch.objects.create(
        after=database_time() - timedelta(minutes=20),
        until=database_time() - timedelta(seconds=30),
        count=1,
        digest="0" * 64,
    )
    assert len(broken_batches()) == 1
