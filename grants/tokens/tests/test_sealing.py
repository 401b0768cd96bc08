"""The token log's batches: no row falls between two, and a wrong clock accuses no untouched log."""

from datetime import timedelta

import pytest
from django.db import connection

from audit.ledger.actors import system
from audit.ledger.models import Event
from grants.lifecycle.clock import database_time
from grants.tokens.models import IssuedToken, TokenBatch
from grants.tokens.sealing import SETTLED, seal
from grants.tokens.verify import verify_tokens

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
    assert (detail, faults()) == ({"count": 1, "sha256": batch.digest}, [])


def faults():
    return verify_tokens(now=database_time()).faults


@pytest.mark.parametrize("skew", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_worker_whose_clock_is_wrong_accuses_nobody(skew):
    token("first", database_time() - timedelta(minutes=10))
    assert seal(by=BY, now=database_time() + skew) == 1
    token("second", database_time())
    assert faults() == []
    assert TokenBatch.objects.get().until <= database_time() - SETTLED


def test_the_application_cannot_rewrite_the_log():
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, 'tokens_issuedtoken', 'UPDATE, DELETE')")
        assert cursor.fetchone() == (False,)
