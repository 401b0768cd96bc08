from datetime import timedelta

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.directory.testing import cast
from grants.lifecycle.signals import grant_changed


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
def day():
    return timedelta(days=1)


@pytest.fixture
def by():
    return operator("root")


@pytest.fixture
def events():
    """The kinds recorded so far, in order."""
    return lambda: list(Event.objects.order_by("sequence").values_list("kind", flat=True))


@pytest.fixture
def told():
    """What `grant_changed` said, in order."""
    heard = []

    def hear(grant_id, event, now, **_kwargs):
        heard.append((grant_id, event))

    grant_changed.connect(hear)
    yield heard
    grant_changed.disconnect(hear)
