from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.lifecycle import windows
from grants.lifecycle.models import Grant
from grants.lifecycle.tasks import advance as advance_task
from grants.lifecycle.testing import make_grant
from grants.lifecycle.types import Advanced
from grants.lifecycle.windows import advance, expire

pytestmark = pytest.mark.django_db(transaction=True)


def test_advance_starts_what_is_due_and_leaves_the_rest(people, image, now, day, events):
    due = make_grant(members=[people.bob], images=[image], status="scheduled", starts=now - day)
    later = make_grant(members=[people.bob], images=[image], status="scheduled", starts=now + day)
    assert advance() == Advanced(started=1)
    due.refresh_from_db()
    later.refresh_from_db()
    assert (due.status, later.status) == ("provisioning", "scheduled")
    assert events() == ["grants.grant.started"]


@pytest.mark.parametrize("status", ["scheduled", "provisioning", "active"])
def test_advance_expires_what_is_over(people, image, now, day, events, status):
    grant = make_grant(
        members=[people.bob], images=[image], status=status, starts=now - 2 * day, ends=now - day
    )
    assert advance() == Advanced(expired=1)
    grant.refresh_from_db()
    assert (grant.status, grant.end_reason) == ("revoking", "expired")
    assert events() == ["grants.grant.expired"]
    assert Event.objects.get().actor == "system:clock"
    assert advance() == Advanced()


def test_advance_takes_the_time_it_is_given(people, image, day):
    grant = make_grant(members=[people.bob], images=[image])
    assert advance(now=grant.ends - timedelta(seconds=1)) == Advanced()
    assert advance(now=grant.ends) == Advanced(expired=1)
    grant.refresh_from_db()
    assert grant.revoking_since == grant.ends


def test_expire_of_a_grant_that_is_not_over_does_nothing(people, image, events):
    grant = make_grant(members=[people.bob], images=[image])
    assert expire(grant.pk) is False
    assert events() == []


def test_advance_goes_on_past_a_grant_that_cannot_be_moved(people, image, now, day, monkeypatch):
    grants = [
        make_grant(members=[people.bob], images=[image], starts=now - 2 * day, ends=now - day)
        for _ in range(3)
    ]
    leap = windows.leap

    def poisoned(move, grant, **kwargs):
        if grant.pk == grants[0].pk:
            raise RuntimeError("poison")
        return leap(move, grant, **kwargs)

    monkeypatch.setattr(windows, "leap", poisoned)
    assert advance() == Advanced(expired=2)
    assert (
        list(Grant.objects.order_by("pk").values_list("status", flat=True)) == ["active"] + ["revoking"] * 2
    )


def test_advance_repairs_what_a_lost_wake_up_left(people, image, now, events):
    make_grant(members=[people.bob, people.alice], images=[image])
    type(people.bob).objects.filter(pk=people.bob.pk).update(active=False, disabled_at=now)
    assert advance() == Advanced(repaired=1)
    type(image).objects.update(blocked=True, blocked_reason="leak")
    assert advance() == Advanced(repaired=1)
    assert events() == ["grants.member.removed", "grants.image.removed", "grants.grant.emptied"]


def test_advance_looks_with_four_queries_when_nothing_is_due(people, image, django_assert_num_queries):
    make_grant(members=[people.bob], images=[image])
    with django_assert_num_queries(4):
        advance_task()
