from datetime import timedelta

import pytest
from django.db import IntegrityError

from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.directory.testing import make_person
from grants.lifecycle.access import live_access
from grants.lifecycle.errors import GrantInvalid
from grants.lifecycle.models import Grant
from grants.lifecycle.services import issue
from grants.lifecycle.types import IssueImage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ask(people, image, now, day, by):
    def call(**changes):
        asked = {
            "project": people.project,
            "role": "viewer",
            "starts": now,
            "ends": now + 90 * day,
            "members": [people.bob, people.alice],
            "images": [IssueImage(image, "stable", "sha256:1")],
            "origin": "request:42",
            "environment": "research",
            "by": by,
            "now": now,
        }
        return issue(**asked | changes)

    return call


def test_issue_now_gives_access_at_once_with_one_event(ask, people, image, events, told):
    grant = ask()
    assert (grant.status, grant.origin, grant.issued_by) == ("provisioning", "request:42", "operator:root")
    assert [row.grant_id for row in live_access(person_id=people.bob.pk)] == [grant.pk]
    assert events() == ["grants.grant.issued"]
    assert told == [(grant.pk, "issued")]
    event = Event.objects.get()
    assert (event.subject, event.project, event.team) == (grant.label, "anti-fraud-v2", "anti-fraud")
    assert event.detail["members"] == [people.alice.label, people.bob.label]
    assert event.detail["images"] == [{"image": image.reference, "tag": "stable", "digest": "sha256:1"}]


def test_issue_with_a_clock_ahead_of_the_databases_still_starts_now(ask, people, now):
    ahead = now + timedelta(minutes=5)
    assert ask(starts=ahead, now=ahead).status == "provisioning"
    assert len(live_access(person_id=people.bob.pk)) == 1


def test_issue_for_later_is_scheduled_and_allows_nothing(ask, people, now, day):
    grant = ask(starts=now + day)
    assert grant.status == "scheduled"
    assert live_access(person_id=people.bob.pk) == []


def test_issue_leaves_out_the_disabled_and_the_blocked_and_says_so(ask, people, image, now):
    gone = make_person("gone", active=False)
    bad = make_image("fraud/bad", blocked=True)
    grant = ask(members=[people.bob, gone], images=[IssueImage(image), IssueImage(bad)])
    assert [m.person for m in grant.members.all()] == [people.bob]
    assert [line.image for line in grant.images.all()] == [image]
    assert Event.objects.get().detail["left_out"] == [gone.label, f"image:{bad.pk}"]


def test_issue_names_a_person_twice_once(ask, people):
    assert ask(members=[people.bob, people.bob]).members.count() == 1


def test_issue_for_nobody_is_refused_without_a_trace(ask, events):
    with pytest.raises(GrantInvalid) as caught:
        ask(members=[make_person("gone", active=False)])
    assert caught.value.code == "nothing_to_grant"
    assert (Grant.objects.count(), events()) == (0, [])


def test_issue_for_a_closed_project_is_refused(ask, people):
    type(people.project).objects.update(state="closed")
    with pytest.raises(GrantInvalid) as caught:
        ask()
    assert caught.value.code == "project_closed"


def test_issue_for_a_window_that_is_over_or_reversed_is_refused(ask, now, day):
    with pytest.raises(GrantInvalid) as over:
        ask(starts=now - 2 * day, ends=now - day)
    with pytest.raises(GrantInvalid) as reversed_:
        ask(starts=now + 2 * day, ends=now + day)
    assert (over.value.code, reversed_.value.code) == ("window_over", "window_reversed")


def test_issue_twice_for_one_origin_is_impossible(ask):
    ask()
    with pytest.raises(IntegrityError):
        ask()
    assert Grant.objects.count() == 1
