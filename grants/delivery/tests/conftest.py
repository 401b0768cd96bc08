from datetime import timedelta

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.delivery import targets
from grants.delivery.models import Attempt, Delivery
from grants.delivery.services import plan_rows
from grants.delivery.tests.fake import FakeConnector
from grants.delivery.worker import work_due
from grants.directory.testing import cast
from grants.lifecycle.signals import grant_changed

BY = operator("root")


@pytest.fixture
def people(db):
    return cast()


@pytest.fixture
def image(db):
    return make_image("fraud/base")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def connector(monkeypatch):
    fake = FakeConnector()
    monkeypatch.setattr(targets, "_factories", {"distribution": lambda registry: fake})
    monkeypatch.setattr(targets, "_principals", [])
    return fake


@pytest.fixture
def planned():
    """Lines follow their grant inside its transaction, as portal wires it."""

    def follow(grant_id, now, **_kwargs):
        plan_rows(grant_id=grant_id, now=now)

    grant_changed.connect(follow)
    yield
    grant_changed.disconnect(follow)


@pytest.fixture
def work(now):
    """Work everything that is due `after` so many seconds from now."""

    def call(after=1.0, limit=50):
        return work_due(now=now + timedelta(seconds=after), limit=limit)

    return call


@pytest.fixture
def states():
    """Status of every line, by key."""
    return lambda **where: dict(Delivery.objects.filter(**where).values_list("key", "status"))


@pytest.fixture
def events():
    return lambda: list(Event.objects.order_by("sequence").values_list("kind", flat=True))


@pytest.fixture
def outcomes():
    """Action and outcome of every call, in order."""
    return lambda: list(Attempt.objects.values_list("action", "outcome"))
