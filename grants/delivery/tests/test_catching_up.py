"""What a lost wake-up left undone is done for each grant by itself: one that cannot be moved stops no other."""

from datetime import timedelta

import pytest

from grants.delivery.models import Delivery
from grants.delivery.services import catch_up
from grants.delivery.tasks import lanes, sweep
from grants.lifecycle.models import Grant
from grants.lifecycle.signals import grant_changed
from grants.lifecycle.testing import make_grant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def poisoned(connector, people, image):
    """Two grants with nothing left to prove, and a receiver that fails for the first of them."""
    first, second = (make_grant(members=[people.bob], images=[image], status="revoking") for _ in range(2))

    def fail(grant_id, **_kwargs):
        if grant_id == first.pk:
            raise RuntimeError("a notice that cannot be written")

    grant_changed.connect(fail)
    yield first, second
    grant_changed.disconnect(fail)


def test_a_grant_that_cannot_end_keeps_no_other_from_ending(poisoned, now):
    first, second = poisoned
    assert catch_up(now=now + timedelta(seconds=1)) == 1
    assert dict(Grant.objects.values_list("pk", "status")) == {first.pk: "revoking", second.pk: "ended"}


def test_a_grant_that_cannot_end_keeps_no_line_from_being_worked(poisoned, people, image, connector):
    live = make_grant(members=[people.mia], images=[image], status="provisioning")
    sweep()
    assert lanes.settle(10)
    assert set(Delivery.objects.filter(grant=live).values_list("status", flat=True)) == {"verified"}
