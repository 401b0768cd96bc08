"""The poll repairs lost webhooks, and the health page tells how Jira is."""

from datetime import timedelta

import pytest

from grants.connectors.errors import Transient
from grants.tracker import polling, tasks
from grants.tracker.models import PollMark, Watch
from grants.tracker.polling import poll_changes
from grants.tracker.reading import read_due
from grants.tracker.selectors import health, state_of, states_of
from grants.tracker.tests.conftest import NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture
def read(project):
    read_due(now=NOW)


def test_a_lost_webhook_is_repaired_by_the_poll(read, grant, jira):
    jira.put("done", after=30)
    assert read_due(now=NOW + 5 * MINUTE) == 0
    assert poll_changes(now=NOW + 5 * MINUTE) == 1
    read_due(now=NOW + 5 * MINUTE)
    grant.refresh_from_db()
    assert grant.status == "revoking"


def test_what_the_search_tells_late_or_again_is_no_news(read, jira):
    assert poll_changes(now=NOW + 5 * MINUTE) == 0
    jira.put("done", after=-60)
    assert poll_changes(now=NOW + 5 * MINUTE) == 0


def test_the_poll_asks_with_an_overlap_and_for_what_a_failed_one_missed(read, jira):
    asked = jira.asked
    poll_changes(now=NOW)
    poll_changes(now=NOW + 5 * MINUTE)
    jira.error = Transient("Jira did not answer.")
    poll_changes(now=NOW + 10 * MINUTE)
    jira.error = None
    poll_changes(now=NOW + 15 * MINUTE)
    since = [line.removeprefix("since ") for line in asked if line.startswith("since")]
    expected = [NOW - timedelta(days=2), NOW - 10 * MINUTE, NOW - 5 * MINUTE, NOW - 5 * MINUTE]
    assert since == [at.isoformat() for at in expected]


def test_health_tells_failure_and_recovery_in_words(read, jira):
    assert (health(now=NOW).ok, health(now=NOW).sentence) == (True, "Jira answers.")
    jira.error = Transient("Jira answered 503: it cannot answer now.")
    poll_changes(now=NOW + MINUTE)
    down = health(now=NOW + MINUTE)
    assert (down.ok, down.last_success_at, down.last_failure_at) == (False, NOW, NOW + MINUTE)
    assert down.sentence == (
        "Jira could not be asked: Jira answered 503: it cannot answer now. Purser keeps trying."
    )
    jira.error = None
    poll_changes(now=NOW + 2 * MINUTE)
    up = health(now=NOW + 2 * MINUTE)
    assert (up.ok, up.last_success_at, up.last_failure_at) == (True, NOW + 2 * MINUTE, NOW + MINUTE)


def test_health_names_what_is_missing_and_notices_that_nobody_works(read, jira):
    jira.issues.clear()
    Watch.objects.update(next_check_at=NOW)
    late = health(now=NOW + 2 * MINUTE)
    assert (late.ok, late.due) == (False, 1)
    assert late.sentence == "Jira has not been asked for a while. Check that a worker runs."
    read_due(now=NOW + 2 * MINUTE)
    assert health(now=NOW + 2 * MINUTE).missing == ("AF-12",)


def test_health_without_a_jira(db, settings):
    settings.JIRA = {**settings.JIRA, "base_url": ""}
    seen = health(now=NOW)
    assert (seen.configured, seen.ok) == (False, True)
    assert seen.sentence == "Jira is not connected, so finished projects do not end access by themselves."


def test_the_project_page_is_told_what_jira_said(project, jira, read):
    jira.put("indeterminate", after=60)
    Watch.objects.update(next_check_at=NOW)
    read_due(now=NOW + MINUTE)
    seen = state_of(project)
    assert (seen.kind, seen.name, seen.url) == ("issue", "AF-12", "https://jira.example.com/browse/AF-12")
    assert (seen.status_name, seen.done, seen.said_at) == ("indeterminate", False, NOW + MINUTE)
    assert (seen.problem, seen.sentence, seen.wind_down) == ("", "", None)


def test_the_project_page_is_told_what_is_wrong(project, jira):
    jira.error = Transient("Jira did not answer.")
    read_due(now=NOW)
    assert state_of(project).problem == "Jira could not be asked: Jira did not answer. Purser keeps trying."
    jira.error = None
    jira.issues.clear()
    read_due(now=NOW + MINUTE)
    assert state_of(project).problem == (
        "Jira shows no AF-12: it was deleted, or Purser may not see it. No access ends because of this."
    )


def test_many_projects_cost_two_queries(project, people, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert list(states_of([project, people.project])) == [project.pk]


def test_the_tasks_do_all_of_it_by_the_databases_clock(people, jira, monkeypatch):
    people.project.jira_issue, people.project.grace_hours = "AF-12", 0
    people.project.save()
    jira.put("done")
    polled = []
    monkeypatch.setattr(tasks, "poll_changes", lambda: polled.append(1) or polling.poll_changes())
    tasks.poll()
    people.project.refresh_from_db()
    assert (people.project.state, polled, PollMark.objects.count()) == ("closed", [1], 0)
    tasks.poll()
    assert PollMark.objects.get().last_error == ""
