"""Webhooks taken in: once each, hints only, and woken workers."""

from datetime import timedelta

import pytest

from grants.connectors.jira import WebhookFacts
from grants.directory.testing import make_project
from grants.tracker import tasks
from grants.tracker.models import Watch, WebhookReceipt
from grants.tracker.reading import read_due
from grants.tracker.receiving import receive
from grants.tracker.tests.conftest import NOW
from grants.tracker.watches import follow_projects

LATER = NOW + timedelta(minutes=10)


def issue(key="AF-12", jira_id="10001", at=NOW):
    return WebhookFacts(event="jira:issue_updated", about="issue", issue_id=jira_id, issue_key=key, at=at)


def of_project(key, event="project_archived"):
    return WebhookFacts(event=event, about="project", project_id="77", project_key=key, at=NOW)


@pytest.fixture
def read(project):
    """The issue has been read, so nothing is due."""
    read_due(now=NOW)


@pytest.fixture
def take(project):
    def call(facts, raw=b"body", identifier="", now=LATER):
        return receive(facts, raw=raw, identifier=identifier, now=now)

    return call


def is_due():
    return Watch.objects.filter(next_check_at__lte=LATER).exists()


def test_a_webhook_makes_its_issue_due_and_is_answered_by_the_next_reading(read, take):
    assert (is_due(), take(issue()), is_due()) == (False, "stored", True)
    receipt = WebhookReceipt.objects.get()
    assert (receipt.event, receipt.key, receipt.received_at, receipt.answered_at) == (
        "jira:issue_updated",
        "AF-12",
        LATER,
        None,
    )
    read_due(now=LATER)
    receipt.refresh_from_db()
    assert receipt.answered_at == LATER


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"identifier": "a1"}, {"identifier": "a1", "raw": b"the same, written otherwise"}),
        ({"identifier": "a1"}, {"identifier": "b2"}),  # two webhooks of one Jira tell us the same
        ({}, {}),  # Data Center sends no identifier
    ],
    ids=["identifier", "body-of-cloud", "body-of-data-center"],
)
def test_the_same_webhook_counts_once_for_ever(read, take, first, second):
    assert take(issue(), **first) == "stored"
    read_due(now=LATER)
    assert take(issue(), **second, now=LATER + timedelta(days=400)) == "duplicate"
    assert (WebhookReceipt.objects.count(), is_due()) == (1, False)


def test_equal_bodies_without_a_time_are_news_each(read, take):
    assert [take(issue(at=None)), take(issue(at=None))] == ["stored", "stored"]


def test_an_unusable_identifier_is_not_kept(read, take):
    assert take(issue(), identifier="x" * 101) == "stored"
    assert WebhookReceipt.objects.get().identifier is None


@pytest.mark.parametrize(
    "facts",
    [
        issue("AF-13", "10002"),
        of_project("A"),
        WebhookFacts(event="comment_created", about="other", at=NOW),
    ],
    ids=["issue", "project", "other"],
)
def test_what_nobody_follows_is_ignored_and_not_kept(read, take, facts):
    assert (take(facts), WebhookReceipt.objects.count(), is_due()) == ("ignored", 0, False)


def test_the_old_key_the_new_key_and_the_number_all_mean_the_issue(read, take):
    Watch.objects.update(key="RISK-3")
    names = [issue("AF-12", "1"), issue("RISK-3", "1"), issue("X-1", "10001"), issue("af-12", "1")]
    assert [take(facts, raw=str(n).encode()) for n, facts in enumerate(names)] == ["stored"] * 4


def test_an_archived_jira_project_concerns_the_issues_in_it(read, take):
    rings = make_project("rings", jira_project="RING")
    follow_projects(now=LATER)
    Watch.objects.update(next_check_at=LATER + timedelta(hours=1))
    assert (take(of_project("AF")), is_due()) == ("stored", True)
    assert take(of_project("RING"), raw=b"other") == "stored"
    assert Watch.objects.get(project=rings).next_check_at == LATER


def test_a_worker_is_woken_after_the_commit_and_only_for_news(
    read, take, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr(tasks, "_publish", lambda: woken.append(1))
    with django_capture_on_commit_callbacks(execute=True):
        assert [take(issue()), take(issue()), take(issue("X-9", "9"))] == ["stored", "duplicate", "ignored"]
        assert woken == []
    assert woken == [1]
