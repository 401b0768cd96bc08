"""Reading Jira: what is due is read once, kept in order, and failures are retried, never lost."""

from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.connectors.errors import Refused, Transient
from grants.connectors.jira import ProjectFacts
from grants.directory.testing import make_project
from grants.tracker.models import Watch
from grants.tracker.reading import keep, read_due
from grants.tracker.states import pause_after
from grants.tracker.tests.conftest import NOW
from grants.tracker.types import Said
from grants.tracker.watches import claim, follow_projects, make_due

HOUR = timedelta(hours=1)


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def test_a_followed_issue_is_read_at_once_and_then_within_the_hour(project, jira, watch):
    assert read_due(now=NOW) == 1
    assert (watch().jira_id, watch().category, watch().checked_at) == ("10001", "new", NOW)
    assert at(2900) < watch().next_check_at <= NOW + HOUR
    assert read_due(now=at(1)) == 0
    assert read_due(now=NOW + HOUR) == 1
    assert jira.asked == ["AF-12", "10001"]


def test_done_closes_the_project_and_ends_its_access(project, grant, jira, kinds):
    jira.put("done", after=5)
    read_due(now=at(6))
    grant.refresh_from_db()
    project.refresh_from_db()
    assert (grant.status, grant.end_reason, project.state) == ("revoking", "project_done", "closed")
    assert kinds() == [
        "grants.project.done",
        "grants.project.changed",
        "grants.grant.project-done",
        "grants.project.access-ended",
    ]
    done = Event.objects.get(kind="grants.project.done")
    assert (done.actor, done.subject, done.detail["key"]) == ("system:jira", "project:anti-fraud-v2", "AF-12")


def test_the_same_news_again_changes_nothing(project, grant, jira, kinds):
    jira.put("done", after=5)
    for seconds in (6, 7, 8):
        make_due(Watch.objects.all(), now=at(seconds))
        read_due(now=at(seconds))
    assert kinds().count("grants.project.done") == 1
    assert kinds().count("grants.grant.project-done") == 1


def test_a_moved_issue_is_still_found_by_its_number(project, jira, watch):
    read_due(now=NOW)
    jira.put("new", key="RISK-3", after=60)
    make_due(Watch.objects.all(), now=at(61))
    read_due(now=at(61))
    assert (watch().key, watch().configured, watch().jira_id) == ("RISK-3", "AF-12", "10001")


def test_an_issue_that_is_gone_or_hidden_ends_nothing_and_is_told_once(project, grant, jira, watch, kinds):
    read_due(now=NOW)
    jira.issues.clear()
    for seconds in (10, 2000):
        make_due(Watch.objects.all(), now=at(seconds))
        read_due(now=at(seconds))
    grant.refresh_from_db()
    assert (grant.status, kinds()) == ("active", ["grants.project.jira-missing"])
    assert (watch().missing_since, watch().category) == (at(10), "new")
    jira.put("new", after=3000)
    make_due(Watch.objects.all(), now=at(3000))
    read_due(now=at(3000))
    assert watch().missing_since is None


@pytest.mark.parametrize("error", [Transient("Jira did not answer."), Refused("Jira answered 401.")])
def test_a_jira_that_is_down_is_asked_again_later(project, grant, jira, watch, error):
    jira.put("done", after=5)
    jira.error = error
    assert read_due(now=at(10)) == 1
    assert (watch().failures, watch().last_error, watch().next_check_at) == (1, str(error), at(40))
    assert read_due(now=at(39)) == 0
    read_due(now=at(40))
    assert (watch().failures, watch().next_check_at) == (2, at(100))
    jira.error = None
    read_due(now=at(100))
    grant.refresh_from_db()
    assert (watch().failures, watch().last_error, grant.status) == (0, "", "revoking")


def test_a_jira_that_is_down_is_not_asked_for_everything_else(project, jira):
    make_project("fraud-rings", jira_issue="AF-13")
    follow_projects(now=NOW)
    jira.error = Transient("Jira did not answer.")
    assert read_due(now=NOW) == 1
    assert len(jira.asked) == 1


def test_pauses_double_up_to_fifteen_minutes_and_honour_what_jira_asks():
    seconds = [pause_after(failures, None).total_seconds() for failures in (1, 2, 3, 6, 50)]
    assert seconds == [30, 60, 120, 900, 900]
    assert pause_after(1, 1200.0) == timedelta(minutes=20)


def test_an_older_answer_is_dropped_and_asked_for_again(project, grant, jira, watch):
    jira.put("new", after=50)
    read_due(now=at(51))
    jira.put("done", after=20)  # a replica that lags behind
    make_due(Watch.objects.all(), now=at(52))
    read_due(now=at(52))
    grant.refresh_from_db()
    assert (watch().category, grant.status, watch().next_check_at) == ("new", "active", at(82))


def test_a_hint_that_comes_while_jira_is_read_makes_it_read_again(project, grant, jira, watch):
    def meanwhile():
        jira.before_answering = lambda: None
        jira.put("done", after=5)
        make_due(Watch.objects.all(), now=at(5))
        assert claim(now=at(5)) is None  # the reader's lease holds

    jira.before_answering = meanwhile
    assert read_due(now=at(5)) == 2
    grant.refresh_from_db()
    assert (watch().category, grant.status) == ("done", "revoking")


def test_a_worker_that_lost_its_lease_changes_nothing(project, grant, jira, watch):
    first = claim(now=NOW)
    second = claim(now=at(61))
    assert (first.fence, second.fence) == (1, 2)
    assert keep(second, Said("10001", "AF-12", "new", changed_at=at(9)), now=at(62)) is True
    assert keep(first, Said("10001", "AF-12", "done", changed_at=at(10)), now=at(63)) is False
    grant.refresh_from_db()
    assert (watch().category, grant.status) == ("new", "active")


def test_a_project_that_follows_a_jira_project_ends_when_that_is_archived(people, jira):
    project = make_project("rings", jira_project="RING", grace_hours=0)
    jira.projects["20"] = ProjectFacts("20", "RING", "Rings", archived=False)
    follow_projects(now=NOW)
    read_due(now=NOW)
    project.refresh_from_db()
    assert (project.state, project.jira_watch.category) == ("open", "active")
    jira.projects["20"] = ProjectFacts("20", "RING", "Rings", archived=True)
    make_due(Watch.objects.all(), now=at(5))
    read_due(now=at(5))
    project.refresh_from_db()
    assert project.state == "closed"


def test_one_issue_may_decide_about_two_projects(project, jira):
    other = make_project("fraud-rings", jira_issue="AF-12", grace_hours=0)
    follow_projects(now=NOW)
    jira.put("done", after=5)
    assert read_due(now=at(6)) == 2
    other.refresh_from_db()
    project.refresh_from_db()
    assert (other.state, project.state) == ("closed", "closed")


def test_without_a_jira_nothing_is_asked(project, jira, settings):
    settings.JIRA = {**settings.JIRA, "base_url": ""}
    assert read_due(now=NOW) == 0
    assert jira.asked == []


def test_a_reading_error_of_one_issue_does_not_stop_the_others(project, jira):
    make_project("fraud-rings", jira_issue="AF-13")
    follow_projects(now=NOW)
    jira.put("indeterminate", key="AF-13", jira_id="10002")
    del jira.issues["10001"]
    assert read_due(now=NOW) == 2
    assert dict(Watch.objects.values_list("configured", "category")) == {
        "AF-12": "",
        "AF-13": "indeterminate",
    }
