from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.models import RoleAssignment
from grants.lifecycle.access import live_access
from grants.lifecycle.consequences import end_projects
from grants.lifecycle.errors import GrantConflict, GrantInvalid, GrantRefused
from grants.lifecycle.models import Grant
from grants.lifecycle.services import (
    end_image,
    extend,
    give_back,
    mark_active,
    mark_ended,
    mark_failed,
    remove_member,
    revoke,
)
from grants.lifecycle.states import Trigger
from grants.lifecycle.testing import make_grant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def grant(people, image):
    return make_grant(project=people.project, members=[people.bob], images=[image])


def test_extend_moves_the_end_and_says_from_where(grant, people, now, day, events):
    before = grant.ends
    extended = extend(grant=grant, ends=before + day, by=actor_for(people.mia), now=now)
    assert (extended.ends, extended.status) == (before + day, "active")
    assert events() == ["grants.grant.extended"]
    detail = Event.objects.get().detail
    assert (detail["ends_before"], detail["ends"]) == (before.isoformat(), (before + day).isoformat())


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "ada"])
def test_extend_is_refused_to_who_may_not(grant, people, now, day, events, name):
    with pytest.raises(GrantRefused) as caught:
        extend(grant=grant, ends=grant.ends + day, by=actor_for(getattr(people, name)), now=now)
    assert caught.value.code == "not_allowed"
    assert (Grant.objects.get().ends, events()) == (grant.ends, [])


def test_extend_by_an_approver_in_the_bundle_is_own_access(grant, people, now, day):
    RoleAssignment.objects.create(person=people.bob, role="approver:mlops")
    with pytest.raises(GrantRefused) as caught:
        extend(grant=grant, ends=grant.ends + day, by=actor_for(people.bob), now=now)
    assert caught.value.code == "own_access"


def test_extend_beyond_policy_or_backwards_is_refused(grant, now, day, by):
    with pytest.raises(GrantInvalid) as long:
        extend(grant=grant, ends=grant.starts + 181 * day, by=by, now=now)
    with pytest.raises(GrantInvalid) as short:
        extend(grant=grant, ends=grant.ends, by=by, now=now)
    assert (long.value.code, short.value.code) == ("too_long", "not_later")


def test_extend_of_a_window_that_is_over_by_the_databases_clock_is_refused(people, image, now, day, by):
    grant = make_grant(members=[people.bob], images=[image], ends=now - timedelta(seconds=1))
    with pytest.raises(GrantConflict) as caught:
        extend(grant=grant, ends=now + day, by=by, now=now - day)
    assert caught.value.code == "over"


def test_extend_twice_from_one_page_lets_the_first_win(grant, now, day, by):
    extend(grant=Grant.objects.get(), ends=grant.ends + day, by=by, now=now)
    with pytest.raises(GrantConflict) as caught:
        extend(grant=grant, ends=grant.ends + 2 * day, by=by, now=now)
    assert caught.value.code == "changed"
    assert caught.value.detail["by"] == "root"


def test_give_back_ends_access_at_once(grant, people, now, events, told):
    given = give_back(grant=grant, note="done early", by=actor_for(people.alice), now=now)
    assert (given.status, given.end_reason, given.end_note) == ("revoking", "returned", "done early")
    assert (given.revoking_since, live_access(person_id=people.bob.pk)) == (now, [])
    assert (events(), told) == (["grants.grant.returned"], [(grant.pk, "revoking")])


def test_give_back_by_a_member_is_refused(grant, people, now):
    with pytest.raises(GrantRefused) as caught:
        give_back(grant=grant, note="", by=actor_for(people.bob), now=now)
    assert caught.value.code == "not_allowed"


@pytest.mark.parametrize("name", ["sam", "root"])
def test_revoke_by_security_or_administrator(grant, people, now, events, name):
    revoked = revoke(grant=grant, note="leak", by=actor_for(getattr(people, name)), now=now)
    assert (revoked.status, revoked.end_reason) == ("revoking", "revoked")
    assert events() == ["grants.grant.revoked"]


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "mia", "ada"])
def test_revoke_is_refused_to_who_may_not(grant, people, now, name):
    with pytest.raises(GrantRefused):
        revoke(grant=grant, note="", by=actor_for(getattr(people, name)), now=now)
    assert Grant.objects.get().status == "active"


def test_revoke_by_a_disabled_administrator_is_refused(grant, people, now):
    actor = actor_for(people.root)
    type(people.root).objects.filter(pk=people.root.pk).update(active=False, disabled_at=now)
    with pytest.raises(GrantRefused):
        revoke(grant=grant, note="", by=actor, now=now)


def test_second_ending_conflicts_and_names_the_first(grant, people, now, events):
    revoke(grant=grant, note="", by=actor_for(people.sam), now=now)
    with pytest.raises(GrantConflict) as caught:
        give_back(grant=grant, note="", by=actor_for(people.alice), now=now)
    error = caught.value
    assert (error.status, error.code, error.detail["by"], error.detail["at"]) == (
        409,
        "ending",
        "Sam",
        now.isoformat(),
    )
    assert error.message.startswith("This access is ending already (Sam, ")
    assert events() == ["grants.grant.revoked"]


def done(project, by, now):
    return end_projects(projects=[project], kind=Trigger.CLOSING, by=by, now=now).ended


def test_end_project_ends_live_grants_only_once_each(people, image, now, by, events):
    states = ["scheduled", "provisioning", "active", "revoking", "ended"]
    grants = {status: make_grant(members=[people.bob], images=[image], status=status) for status in states}
    assert done(people.project, by, now) == 3
    assert done(people.project, by, now) == 0
    assert events() == ["grants.grant.project-done"] * 3
    found = {s: Grant.objects.get(pk=g.pk).end_reason for s, g in grants.items()}
    assert found == dict.fromkeys(states[:3], "project_done") | dict.fromkeys(states[3:], "revoked")


def test_reopened_project_gets_nothing_back(grant, people, now, by):
    done(people.project, by, now)
    people.project.refresh_from_db()
    assert (people.project.state, live_access(person_id=people.bob.pk)) == ("open", [])


def test_remove_member_ends_only_their_part(people, image, now, by, events, told):
    grant = make_grant(members=[people.bob, people.alice], images=[image])
    assert remove_member(person=people.bob, by=by, now=now) == 1
    assert live_access(person_id=people.bob.pk) == []
    assert len(live_access(person_id=people.alice.pk)) == 1
    assert (events(), told) == (["grants.member.removed"], [(grant.pk, "member_removed")])
    assert remove_member(person=people.bob, by=by, now=now) == 0


def test_remove_last_member_ends_the_grant(grant, people, now, by, events, told):
    assert remove_member(person=people.bob, by=by, now=now) == 1
    assert events() == ["grants.member.removed", "grants.grant.emptied"]
    assert told == [(grant.pk, "member_removed"), (grant.pk, "revoking")]
    assert Grant.objects.get().end_reason == "member_left"


def test_remove_member_of_another_team_changes_nothing(grant, people, now, by):
    other = type(people.team).objects.create(key="other", name="Other")
    assert remove_member(person=people.bob, team=other, by=by, now=now) == 0
    assert remove_member(person=people.bob, team=people.team, by=by, now=now) == 1


def test_end_image_ends_only_that_image(people, image, now, by, events):
    from grants.catalogue.testing import make_image

    grant = make_grant(members=[people.bob], images=[image, make_image("fraud/other")])
    assert end_image(image=image, by=by, now=now) == 1
    assert [row.repository for row in live_access(person_id=people.bob.pk)] == ["fraud/other"]
    assert end_image(image=make_image("fraud/none"), by=by, now=now) == 0
    end_image(image=grant.images.get(image__repository="fraud/other").image, by=by, now=now)
    assert events() == ["grants.image.removed"] * 2 + ["grants.grant.emptied"]
    assert Grant.objects.get().end_reason == "image_blocked"


def test_delivery_marks_follow_the_table(people, image, now, by, events):
    setting_up = make_grant(members=[people.bob], images=[image], status="provisioning")
    assert mark_active(grant=setting_up, by=by, now=now).activated_at == now
    with pytest.raises(GrantConflict) as caught:
        mark_ended(grant=setting_up, by=by, now=now)
    assert caught.value.code == "not_started"
    ending = make_grant(members=[people.bob], images=[image], status="revoking")
    assert mark_ended(grant=ending, by=by, now=now).ended_at == now
    failing = make_grant(members=[people.bob], images=[image], status="revoking", end_reason="expired")
    assert mark_failed(grant=failing, by=by, now=now).status == "failed"
    assert events() == ["grants.grant.activated", "grants.grant.ended", "grants.grant.failed"]
