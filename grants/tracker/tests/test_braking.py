"""One bad bulk transition in Jira ends nothing unasked: the brake holds, is released or refused, and it is finished."""

from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.testing import make_project
from grants.lifecycle.holds import refuse, release
from grants.lifecycle.models import Grant, Hold
from grants.lifecycle.testing import make_grant
from grants.tracker.models import Watch, WindDown
from grants.tracker.reading import read_due
from grants.tracker.selectors import preview_of, state_of
from grants.tracker.services import finish_due
from grants.tracker.tests.conftest import NOW
from grants.tracker.watches import follow_projects, make_due

NUMBER = 40


@pytest.fixture
def projects(people, jira):
    """Forty projects of one grant each, all done in Jira in one go; and forty-five grants of others."""
    made = [
        make_project(f"p{n}", team=people.team, jira_issue=f"AF-{100 + n}", grace_hours=0)
        for n in range(NUMBER)
    ]
    for number, project in enumerate(made):
        make_grant(project=project, members=[people.bob], images=[])
        jira.put("done", key=project.jira_issue, jira_id=str(20000 + number))
    for _ in range(45):
        make_grant(project=people.project, members=[people.bob], images=[])
    follow_projects(now=NOW)
    return made


def live():
    return Grant.objects.filter(status="active").count()


def test_forty_projects_done_in_one_poll_are_held_together(projects, people):
    read_due(now=NOW)
    hold = Hold.objects.get()
    assert (live(), hold.kind, hold.lines.count(), hold.grants_counted) == (85, "jira", 40, 40)
    assert Event.objects.filter(kind="grants.brake.held").count() == 1
    assert state_of(projects[0]).wind_down.state == "braked"
    assert "until an administrator decides" in state_of(projects[0]).sentence
    assert finish_due(now=NOW + timedelta(hours=1)) == 0

    release(hold=hold, reason="All forty are over", by=actor_for(people.root), now=NOW)
    assert (live(), WindDown.objects.filter(finished_at=NOW, grants_ended=1).count()) == (45, 40)
    assert Event.objects.filter(kind="grants.project.access-ended").count() == 40
    assert state_of(projects[0]).wind_down.state == "ended"


def test_refused_the_access_is_kept_and_the_sweep_leaves_it_alone(projects, people):
    read_due(now=NOW)
    refuse(hold=Hold.objects.get(), reason="A slip in Jira", by=actor_for(people.root), now=NOW)
    assert (finish_due(now=NOW + timedelta(hours=1)), live()) == (0, 85)
    assert state_of(projects[0]).wind_down.state == "kept"
    assert Event.objects.filter(kind="grants.project.access-kept").count() == 40


def test_reopened_in_jira_the_hold_dissolves(projects, jira):
    read_due(now=NOW)
    for number, project in enumerate(projects):
        jira.put("indeterminate", key=project.jira_issue, jira_id=str(20000 + number), after=60)
    make_due(Watch.objects.all(), now=NOW + timedelta(seconds=60))
    read_due(now=NOW + timedelta(seconds=60))
    hold = Hold.objects.get()
    assert (hold.state, hold.closed_by, hold.reason) == ("refused", "Purser (jira)", "Re-opened in Jira")
    assert (live(), state_of(projects[0]).wind_down.state) == (85, "cancelled")


def test_two_hundred_webhooks_one_by_one_end_no_more_than_the_share(projects, settings):
    settings.BRAKE = {"share": 20, "floor": 10, "window_minutes": 10}
    for number in range(NUMBER):
        Watch.objects.exclude(project=projects[number]).update(next_check_at=NOW + timedelta(days=1))
        Watch.objects.filter(project=projects[number]).update(next_check_at=NOW)
        read_due(now=NOW + timedelta(seconds=number))
    assert (live(), Hold.objects.count(), Hold.objects.get().lines.count()) == (68, 1, 23)


def test_with_grace_all_that_end_within_the_window_count(projects, people):
    for project in projects:
        project.grace_hours = 1
        project.save(update_fields=["grace_hours"])
    for number in range(NUMBER):
        Watch.objects.exclude(project=projects[number]).update(next_check_at=NOW + timedelta(days=1))
        Watch.objects.filter(project=projects[number]).update(next_check_at=NOW)
        read_due(now=NOW + timedelta(seconds=number))
    assert finish_due(now=NOW + timedelta(hours=1)) == 1
    assert (live(), Hold.objects.get().grants_counted) == (85, 40)


def test_the_preview_says_what_would_end_and_that_the_brake_would_hold(people):
    for _ in range(12):
        make_grant(project=people.project, members=[people.bob, people.alice], images=[])
    found = preview_of(people.project, now=NOW)
    assert (found.grants, found.people, found.ends_at, found.braked) == (
        12,
        2,
        NOW + timedelta(hours=24),
        True,
    )
