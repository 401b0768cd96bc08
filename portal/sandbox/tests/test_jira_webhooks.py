"""Webhooks of the stand-in: signed, identified, retried; lost, doubled and turned round on demand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from grants.connectors.jira import WebhookFacts, parse_webhook, verify_signature
from portal.sandbox.tests.jira_process import Receiver, Standin, running_standin, webhook_receiver

pytestmark = pytest.mark.enable_loopback
SECRET = "the-webhook-secret"
IDENTIFIER = "x-atlassian-webhook-identifier"


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, listening: Receiver, flavour: str) -> Iterator[Standin]:
    webhook = ("--webhook-url", listening.url, "--webhook-secret", SECRET, "--retry-delays", "0.02,0.02,0.02")
    state = tmp_path_factory.mktemp("jira") / "state.json"
    with running_standin(state, "--flavour", flavour, *webhook) as running:
        yield running


@pytest.fixture
def standin(process: Standin) -> Iterator[Standin]:
    process.control()
    yield process
    process.control()
    process.http.post("/sandbox/flush")


@pytest.fixture
def receiver(listening: Receiver, standin: Standin) -> Receiver:
    """The receiver with nothing on its way: an issue is made and its webhook awaited."""
    listening.statuses.clear()
    made = standin.seed()
    while parse_webhook(listening.take(1)[0].body).issue_key != made:
        continue
    return listening


@pytest.fixture
def key(standin: Standin, receiver: Receiver) -> str:
    """An issue whose own webhook has already arrived."""
    made = standin.seed()
    receiver.take(1)
    return made


def facts_of(receiver: Receiver, count: int) -> list[WebhookFacts]:
    return [parse_webhook(each.body) for each in receiver.take(count)]


def test_a_move_is_announced_and_signed(standin: Standin, receiver: Receiver, key: str, flavour: str) -> None:
    standin.press(key)
    (arrived,) = receiver.take(1)
    signature = arrived.headers["x-hub-signature"]
    assert verify_signature(arrived.body, signature, ["new one", SECRET]) is True
    assert verify_signature(arrived.body + b" ", signature, [SECRET]) is False
    facts = parse_webhook(arrived.body)
    assert (facts.event, facts.about, facts.issue_key) == ("jira:issue_updated", "issue", key)
    assert (facts.project_key, facts.deleted) == ("FRAUD", False)
    assert facts.at is not None
    assert abs(datetime.now(UTC) - facts.at) < timedelta(minutes=1)
    change = json.loads(arrived.body)["changelog"]["items"][0]
    assert (change["field"], change["fromString"], change["toString"]) == ("status", "To Do", "Done")
    assert (IDENTIFIER in arrived.headers) is (flavour == "cloud")
    assert "x-atlassian-webhook-retry" not in arrived.headers


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_a_refused_webhook_is_retried_under_one_identifier(
    standin: Standin, receiver: Receiver, key: str, flavour: str, status: int
) -> None:
    receiver.statuses[:] = [status, status]
    standin.press(key)
    first, second, third = receiver.take(3)
    assert first.body == second.body == third.body
    if flavour == "cloud":
        assert first.headers[IDENTIFIER] == second.headers[IDENTIFIER] == third.headers[IDENTIFIER]
        assert [each.headers.get("x-atlassian-webhook-retry") for each in (first, second, third)] == [
            None,
            "1",
            "2",
        ]


def test_a_webhook_refused_for_good_is_not_retried(standin: Standin, receiver: Receiver, key: str) -> None:
    receiver.statuses[:] = [401]
    standin.press(key)
    standin.press(key, "reopen")
    receiver.take(2)
    states = [(each["state"], each["statuses"]) for each in standin.deliveries()]
    assert ("refused", [401]) in states
    assert receiver.arrived.empty()


def test_webhooks_are_doubled_lost_and_turned_round_on_demand(
    standin: Standin, receiver: Receiver, key: str
) -> None:
    standin.control(webhooks={"duplicate": 2})
    standin.press(key)
    assert len({each.body for each in receiver.take(3)}) == 1
    standin.control(webhooks={"drop_next": 1})
    standin.press(key, "reopen")
    standin.press(key)
    (only,) = receiver.take(1)
    assert json.loads(only.body)["changelog"]["items"][0]["toString"] == "Done"
    standin.control(webhooks={"reorder": 3})
    for button in ("reopen", "done", "reopen"):
        standin.press(key, button)
    times = [facts.at for facts in facts_of(receiver, 3)]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) > 1


def test_held_webhooks_are_sent_when_flushed(standin: Standin, receiver: Receiver, key: str) -> None:
    standin.control(webhooks={"reorder": 10})
    standin.press(key)
    assert receiver.arrived.empty()
    assert standin.http.post("/sandbox/flush").json() == {"sent": 1}
    assert facts_of(receiver, 1)[0].issue_key == key


def test_deletions_and_projects_are_announced(standin: Standin, receiver: Receiver, key: str) -> None:
    for action in ("archive", "restore", "delete"):
        assert standin.http.post(f"/sandbox/projects/FRAUD/{action}").status_code == 204
    seen = {(each.event, each.about, each.project_key, each.deleted) for each in facts_of(receiver, 3)}
    assert seen == {
        ("project_archived", "project", "FRAUD", False),
        ("project_restored_archived", "project", "FRAUD", False),
        ("project_soft_deleted", "project", "FRAUD", True),
    }
    assert standin.http.delete(f"/rest/api/2/issue/{key}", auth=("a", "b")).status_code == 204
    (gone,) = facts_of(receiver, 1)
    assert (gone.event, gone.issue_key, gone.deleted) == ("jira:issue_deleted", key, True)


def test_a_control_that_cannot_be_read_is_refused(standin: Standin) -> None:
    for body in ({"webhooks": {"duplicate": -1}}, {"faults": [{"kind": "flood"}]}, {"nonsense": 1}):
        assert standin.http.post("/sandbox/control", json=body).status_code == 400
