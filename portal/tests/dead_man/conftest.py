"""A house of Purser for each kind of target; its own receivers are silent, as their notices are not tried here."""

import pytest

from grants.delivery.services import plan_rows
from grants.lifecycle.signals import grant_changed
from portal.tests.dead_man.house import House


@pytest.fixture
def planned():
    def follow(grant_id, now, **_kwargs):
        plan_rows(grant_id=grant_id, now=now)

    before, grant_changed.receivers = grant_changed.receivers, []
    grant_changed.sender_receivers_cache.clear()
    grant_changed.connect(follow)
    yield
    grant_changed.receivers = before
    grant_changed.sender_receivers_cache.clear()


@pytest.fixture
def house(planned, monkeypatch):
    """Makes the house beside a target: `house(kind, wait)`."""
    return lambda kind, wait: House(monkeypatch, kind, wait)
