"""What follows from Jira's word: grace, re-opening before and after, and rows that disagree."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.ledger.models import Event
from grants.directory.testing import make_project
from grants.lifecycle.consequences import Followed
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tracker.models import Watch, WindDown
from grants.tracker.reading import read_due
from grants.tracker.selectors import ending_of, state_of
from grants.tracker.services import finish_due
from grants.tracker.signals import project_done, project_reopened
from grants.tracker.tests.conftest import NOW
from grants.tracker.watches import follow_projects, make_due

DAY = timedelta(hours=24)


@pytest.fixture
def says(jira):
    """Jira says this category from now on, and is read."""

    def call(category, after):
        now = NOW + timedelta(seconds=after)
        jira.put(category, after=after)
        make_due(Watch.objects.all(), now=now)
        read_due(now=now)

    return call


@pytest.fixture
def patient(project):
    """The project, with a day of grace."""
    project.grace_hours = 24
    project.save()
    return project


@pytest.fixture
def heard():
    """Signals sent, in order."""
    said = []

    def done(project_id, now, **_kwargs):
        said.append(("done", project_id, now))

    def reopened(project_id, now, **_kwargs):
        said.append(("reopened", project_id, now))

    project_done.connect(done)
    project_reopened.connect(reopened)
    yield said
    project_done.disconnect(done)
    project_reopened.disconnect(reopened)


def status(grant):
    return Grant.objects.get(pk=grant.pk).status


def test_access_ends_when_the_grace_is_over_and_not_before(patient, grant, says, heard):
    says("done", 0)
    patient.refresh_from_db()
    assert (status(grant), patient.state) == ("active", "closed")
    assert heard == [("done", patient.pk, NOW)]
    assert finish_due(now=NOW + DAY - timedelta(seconds=1)) == 0
    assert finish_due(now=NOW + DAY) == 1
    assert (status(grant), finish_due(now=NOW + DAY)) == ("revoking", 0)
    assert Event.objects.get(kind="grants.project.access-ended").detail == {
        "grants": 1,
        "reason": "AF-12: done",
    }


def test_reopened_before_the_end_access_goes_on(patient, grant, says, heard, kinds):
    says("done", 0)
    says("indeterminate", 60)
    patient.refresh_from_db()
    assert finish_due(now=NOW + DAY) == 0
    assert (status(grant), patient.state) == ("active", "open")
    assert [name for name, *_ in heard] == ["done", "reopened"]
    tracking = state_of(patient)
    assert (tracking.wind_down.state, tracking.done) == ("cancelled", False)
    assert tracking.sentence == "The project was re-opened in Jira in time. Access goes on."
    assert kinds() == [
        "grants.project.done",
        "grants.project.changed",
        "grants.project.reopened",
        "grants.project.changed",
    ]


def test_reopened_after_the_end_nothing_comes_back_and_the_page_says_so(project, grant, says, heard):
    says("done", 0)
    says("new", 60)
    project.refresh_from_db()
    assert (status(grant), project.state) == ("revoking", "open")
    detail = Event.objects.get(kind="grants.project.reopened").detail
    assert (detail["access_had_ended"], detail["grants_restored"]) == (True, 0)
    assert state_of(project).wind_down.state == "reopened"
    assert "Access that had ended stays ended" in state_of(project).sentence
    assert [name for name, *_ in heard] == ["done", "reopened"]


def test_done_again_ends_the_access_given_in_between(project, grant, says, kinds):
    says("done", 0)
    says("new", 60)
    second = make_grant(project=project)
    says("done", 120)
    assert (status(second), kinds().count("grants.grant.project-done")) == ("revoking", 2)
    assert WindDown.objects.count() == 2


def test_a_project_closed_by_hand_before_stays_closed_when_jira_reopens(project, says):
    project.state = "closed"
    project.save()
    says("done", 0)
    says("new", 60)
    project.refresh_from_db()
    assert project.state == "closed"


def test_a_grant_issued_while_the_project_was_being_closed_is_ended_too(project, says):
    says("done", 0)
    late = make_grant(project=project)
    assert finish_due(now=NOW + timedelta(seconds=5)) == 1
    assert status(late) == "revoking"


def test_a_project_opened_again_by_hand_keeps_what_it_is_given(project, says):
    says("done", 0)
    project.state = "open"
    project.save()
    late = make_grant(project=project)
    assert finish_due(now=NOW + timedelta(seconds=5)) == 0
    assert status(late) == "active"


def test_another_issue_named_in_the_directory_is_asked_anew(patient, grant, jira, says, watch):
    says("done", 0)
    jira.put("new", key="AF-99", jira_id="10099", after=10)
    patient.jira_issue = "AF-99"
    patient.save()
    follow_projects(now=NOW + timedelta(seconds=20))
    assert (watch().jira_id, watch().category) == ("", "")
    read_due(now=NOW + timedelta(seconds=20))
    assert (watch().jira_id, WindDown.objects.get().state, status(grant)) == ("10099", "cancelled", "active")


def test_a_project_that_leaves_jira_is_not_ended_by_it_later(patient, grant, says):
    says("done", 0)
    patient.refresh_from_db()
    patient.jira_issue = ""
    patient.save()
    follow_projects(now=NOW + timedelta(seconds=20))
    patient.refresh_from_db()
    assert (Watch.objects.count(), finish_due(now=NOW + DAY), patient.state) == (0, 0, "open")
    assert (status(grant), state_of(patient)) == ("active", None)


def test_following_again_what_is_followed_touches_nothing(project, jira, django_assert_num_queries):
    make_project("plain")
    with django_assert_num_queries(2):
        follow_projects(now=NOW + timedelta(days=1))
    assert Watch.objects.get().next_check_at == NOW


def test_one_failing_project_does_not_stop_the_others(project, grant, monkeypatch, says, jira):
    other = make_project("rings", jira_issue="AF-13", grace_hours=1)
    project.grace_hours = 1
    project.save()
    follow_projects(now=NOW)
    jira.put("done", key="AF-13", jira_id="10002")
    says("done", 0)
    first = WindDown.objects.order_by("pk").first()

    def broken(*, projects, **_kwargs):
        if projects[0].pk == first.project_id:
            raise RuntimeError("broken")
        return Followed()

    monkeypatch.setattr("grants.tracker.services.end_projects", broken)
    assert finish_due(now=NOW + DAY) == 1
    assert WindDown.objects.filter(finished_at=None).get() == first
    assert first.project_id in (project.pk, other.pk)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"cancelled_at": NOW, "finished_at": NOW},
        {"reopened_at": NOW},
    ],
    ids=["second", "cancelled-finished", "reopened-unfinished"],
)
def test_the_database_refuses_impossible_endings(patient, says, broken):
    says("done", 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        WindDown.objects.create(project=patient, started_at=NOW, due_at=NOW, closed_project=True, **broken)


def test_an_end_to_come_is_one_sentence_and_none_once_it_came_or_was_called_off(patient, grant, says):
    assert ending_of(patient) == ""
    says("done", 1)
    assert ending_of(patient).startswith("Access ends on ")
    assert ending_of(patient).endswith(" because of AF-12: done.")
    says("new", 2)
    assert ending_of(patient) == ""
    says("done", 3)
    finish_due(now=NOW + DAY + timedelta(seconds=3))
    assert ending_of(patient) == ""
