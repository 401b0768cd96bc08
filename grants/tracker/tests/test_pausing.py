"""The end of a done project put on hold by a lead, taken back, noticed before; re-opened it is over."""

from datetime import timedelta

import pytest

from audit.ledger.errors import PurserError
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.lifecycle.models import Grant
from grants.tracker.models import Watch, WindDown
from grants.tracker.pausing import give_notice, pause, resume
from grants.tracker.reading import read_due
from grants.tracker.selectors import state_of
from grants.tracker.services import finish_due
from grants.tracker.signals import project_end_near
from grants.tracker.tests.conftest import NOW
from grants.tracker.watches import make_due

DAY = timedelta(days=1)


@pytest.fixture
def done(project, grant, jira):
    """The project, done in Jira, with a grace of five days, a notice of two, a hold of at most seven."""
    project.grace_hours, project.notice_days, project.max_hold_days = 120, 2, 7
    project.save()
    jira.put("done")
    read_due(now=NOW)
    return project


@pytest.fixture
def alice(people):
    return actor_for(people.alice)


def hold(project, by, days, reason="One more training run", now=NOW):
    return pause(project=project, until=NOW + days * DAY, reason=reason, by=by, now=now)


def test_on_hold_access_goes_on_until_then_and_the_page_says_so(done, alice):
    hold(done, alice, 10)
    assert finish_due(now=NOW + 9 * DAY) == 0
    sentence = state_of(done).sentence
    assert "On hold until" in sentence
    assert "by Alice: One more training run" in sentence
    assert finish_due(now=NOW + 10 * DAY) == 1
    assert Grant.objects.get().status == "revoking"
    event = Event.objects.get(kind="grants.project.end-paused")
    assert (event.actor, event.detail["reason"]) == (alice.label, "One more training run")


def test_let_go_on_it_ends_with_the_grace(done, alice):
    hold(done, alice, 10)
    resume(project=done, by=alice, now=NOW + DAY)
    assert finish_due(now=NOW + 5 * DAY) == 1
    assert Event.objects.filter(kind="grants.project.end-resumed").count() == 1


def test_reopened_while_on_hold_it_is_over(done, alice, jira):
    hold(done, alice, 10)
    jira.put("new", after=60)
    make_due(Watch.objects.all(), now=NOW + DAY)
    read_due(now=NOW + DAY)
    assert finish_due(now=NOW + 20 * DAY) == 0
    assert (Grant.objects.get().status, WindDown.objects.get().state) == ("active", "cancelled")


@pytest.mark.parametrize(
    ("days", "reason", "code"),
    [(5, "Because", "not_later"), (13, "Because", "too_long"), (10, " ", "reason_required")],
)
def test_a_hold_has_a_reason_and_bounds(done, alice, days, reason, code):
    with pytest.raises(PurserError) as caught:
        hold(done, alice, days, reason)
    assert (caught.value.code, caught.value.status) == (code, 422)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("alice", True), ("root", True), ("bob", False), ("charlie", False), ("mia", False), ("ada", False)],
)
def test_only_leads_and_administrators_hold_it(done, people, name, allowed):
    by = actor_for(getattr(people, name))
    if allowed:
        assert hold(done, by, 8).paused_by == name.capitalize()
        return
    with pytest.raises(PurserError) as caught:
        hold(done, by, 8)
    assert caught.value.code == "not_a_lead"


def test_what_is_not_about_to_end_cannot_be_held(project, grant, jira, alice):
    for now in (NOW, NOW + DAY):
        with pytest.raises(PurserError) as caught:
            hold(project, alice, 8, now=now)
        assert caught.value.code == "not_running"
        jira.put("done")
        read_due(now=NOW)


def test_notice_is_given_once_in_time_and_again_after_a_hold(done, alice):
    told = []
    project_end_near.connect(lambda now, **_kw: told.append(now), weak=False, dispatch_uid="test")
    for hours in range(24 * 5):
        give_notice(now=NOW + timedelta(hours=hours))
    hold(done, alice, 10, now=NOW + 4 * DAY)
    give_notice(now=NOW + 4 * DAY)
    give_notice(now=NOW + 8 * DAY)
    project_end_near.disconnect(dispatch_uid="test")
    assert told == [NOW + 3 * DAY, NOW + 8 * DAY]
    assert Event.objects.filter(kind="grants.project.end-noticed").count() == 2


def test_an_end_within_the_days_of_notice_needs_no_second_word(project, grant, jira):
    project.grace_hours, project.notice_days = 24, 1
    project.save()
    jira.put("done")
    read_due(now=NOW)
    assert give_notice(now=NOW + timedelta(hours=1)) == 0
