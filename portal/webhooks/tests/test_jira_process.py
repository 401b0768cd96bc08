"""From a press of the button in Jira to the end of access, with the stand-in as a process, Cloud and Data Center."""

from collections.abc import Iterator

import pytest
from django.test import Client

from audit.ledger.models import Event
from grants.directory.testing import make_project
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tracker import tasks
from grants.tracker.models import Watch
from grants.tracker.selectors import health, state_of
from grants.tracker.tasks import poll, sweep
from portal.sandbox.tests.jira_process import Receiver, Standin, running_standin, webhook_receiver
from portal.tests.journeys.webhooks import SECRET, TOKEN, jira_settings

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db]


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def flavour(request):
    return request.param


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def process(tmp_path_factory, receiver, flavour) -> Iterator[Standin]:
    state = tmp_path_factory.mktemp("jira") / "state.json"
    webhook = ("--webhook-url", receiver.url, "--webhook-secret", SECRET)
    with running_standin(state, *webhook, "--flavour", flavour, "--token", TOKEN) as running:
        yield running


@pytest.fixture
def standin(process, flavour, settings, monkeypatch):
    settings.JIRA = jira_settings(process.url, flavour)
    monkeypatch.setattr(tasks, "_publish", lambda: None)
    process.control()
    yield process
    process.control()


@pytest.fixture
def deliver(standin, receiver):
    """Hand what Jira sent to the endpoint, the newest first; the answers."""

    def call():
        standin.deliveries()
        posts = receiver.take(receiver.arrived.qsize())[::-1]
        return [_post(each).status_code for each in posts]

    return call


@pytest.fixture
def grant(standin, deliver):
    """Access of a project whose issue Purser has read."""
    made = make_grant(project=make_project(jira_issue=standin.seed(), grace_hours=0))
    deliver()
    sweep()
    return made


def _post(each):
    kept = ("x-hub-signature", "x-atlassian-webhook-identifier")
    headers = {name: each.headers[name] for name in kept if name in each.headers}
    kind = each.headers["content-type"]
    return Client().generic("POST", "/webhooks/jira/", each.body, content_type=kind, headers=headers)


def status(grant):
    return Grant.objects.get(pk=grant.pk).status


def key(grant):
    return grant.project.jira_issue


def ends():
    return Event.objects.filter(kind="grants.grant.project-done").count()


def test_done_in_jira_ends_the_access(standin, grant, deliver):
    standin.press(key(grant))
    assert deliver() == [202]
    assert status(grant) == "active"
    sweep()
    assert (status(grant), state_of(grant.project).done) == ("revoking", True)


def test_a_lost_webhook_is_repaired_by_the_poll(standin, grant, deliver):
    standin.control(webhooks={"drop_next": 1})
    standin.press(key(grant))
    assert deliver() == []
    sweep()
    assert status(grant) == "active"
    poll()
    assert status(grant) == "revoking"


def test_doubled_and_late_webhooks_have_one_effect(standin, grant, deliver):
    standin.control(webhooks={"duplicate": 2, "reorder": 2})
    for button in ("done", "reopen", "done", "reopen"):
        standin.press(key(grant), button)
    assert sorted(deliver()) == [200] * 8 + [202] * 4
    sweep()
    assert (status(grant), ends()) == ("active", 0)  # the news of `done` came last and was old
    standin.control()
    standin.press(key(grant))
    deliver()
    sweep()
    sweep()
    assert (status(grant), ends()) == ("revoking", 1)


def test_reopened_in_jira_brings_nothing_back_and_says_so(standin, grant, deliver):
    for button in ("done", "reopen"):
        standin.press(key(grant), button)
        deliver()
        sweep()
    tracking = state_of(grant.project)
    assert (status(grant), tracking.done, tracking.wind_down.state) == ("revoking", False, "reopened")
    assert "send a new request" in tracking.sentence


def test_a_jira_that_is_down_is_named_and_caught_up_with(standin, grant, deliver):
    standin.press(key(grant))
    deliver()
    standin.control(faults=[{"kind": "503", "path": "/rest/", "rate": 1.0}])
    sweep()
    watch = Watch.objects.get()
    seen = health(now=watch.failed_at)
    assert (status(grant), seen.ok, watch.failures) == ("active", False, 1)
    assert seen.sentence.startswith("Jira could not be asked: Jira answered 503")
    standin.control()
    Watch.objects.update(next_check_at=watch.failed_at)
    sweep()
    assert (status(grant), Watch.objects.get().failures) == ("revoking", 0)


def test_a_deleted_issue_ends_nothing_and_raises_an_alarm(standin, grant, deliver):
    signed_in = ("purser@example.com", TOKEN)
    standin.http.delete(f"/rest/api/2/issue/{key(grant)}", auth=signed_in).raise_for_status()
    assert deliver() == [202]
    sweep()
    assert (status(grant), Watch.objects.get().missing_since is not None) == ("active", True)
    assert Event.objects.filter(kind="grants.project.jira-missing").count() == 1


def test_an_archived_jira_project_ends_a_project_that_follows_it(standin, deliver):
    standin.seed(project="RING")
    project = make_project("rings", jira_project="RING", grace_hours=0)
    made = make_grant(project=project)
    deliver()
    sweep()
    assert (status(made), Watch.objects.get().category) == ("active", "active")
    standin.http.post("/sandbox/projects/RING/archive").raise_for_status()
    deliver()
    sweep()
    standin.http.post("/sandbox/projects/RING/restore").raise_for_status()
    assert (status(made), Watch.objects.get().category) == ("revoking", "archived")
