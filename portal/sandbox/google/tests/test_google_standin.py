"""The stand-in behaves as Google does where it hurts: versions of policies, time, faults over gRPC."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from google.iam.v1.policy_pb2 import Policy

from grants.connectors.errors import Conflict, Transient, UnknownOutcome
from grants.connectors.google_accounts import Accounts
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_names import Mark
from grants.connectors.tests.google_case import FRAUD, OPTIONS, Google, google
from portal.sandbox.faults import Fault, FaultKind
from portal.sandbox.google.app import GoogleStandin
from portal.sandbox.google.state import GoogleState
from portal.sandbox.steering import plain

pytestmark = pytest.mark.enable_loopback
MARK = Mark("target", "anti-fraud-v2", "")


@pytest.fixture
def there() -> Iterator[Google]:
    with google() as running:
        yield running


@pytest.fixture
def clients(there: Google) -> GoogleClients:
    return GoogleClients(endpoints=there.endpoints, timeout=0.3)


@pytest.fixture
def accounts(there: Google, clients: GoogleClients) -> Accounts:
    return Accounts(clients, OPTIONS, there.now)


def conditions(there: Google) -> list[str]:
    return [one["condition"]["title"] for one in there.policy_of(FRAUD) if "condition" in one]


def read(clients: GoogleClients, version: int) -> Policy:
    asked = {"resource": FRAUD, "options": {"requested_policy_version": version}}
    return clients.registry.get_iam_policy(asked, retry=None, timeout=1)


def test_a_policy_read_without_version_3_shows_no_conditions(clients: GoogleClients) -> None:
    assert not [one for one in read(clients, 1).bindings if one.HasField("condition")]
    assert [one.condition.title for one in read(clients, 3).bindings if one.HasField("condition")] == [
        "soon over"
    ]


def test_a_policy_written_without_its_etag_loses_its_conditions(
    there: Google, clients: GoogleClients
) -> None:
    policy = read(clients, 3)
    policy.version, policy.etag = 1, b""
    clients.registry.set_iam_policy({"resource": FRAUD, "policy": policy}, retry=None, timeout=1)
    assert conditions(there) == []


def test_an_old_etag_is_a_conflict(there: Google, clients: GoogleClients) -> None:
    from google.api_core.exceptions import Conflict as HttpConflict

    policy = read(clients, 3)
    there.state.write_policy(FRAUD, there.policy_of(FRAUD))
    with pytest.raises(HttpConflict):
        clients.registry.set_iam_policy({"resource": FRAUD, "policy": policy}, retry=None, timeout=1)
    assert conditions(there) == ["soon over"]


@pytest.mark.parametrize(
    ("kind", "error", "made"),
    [
        (FaultKind.CONFLICT, Conflict, False),
        (FaultKind.PRECONDITION, Conflict, False),
        (FaultKind.THROTTLED, Transient, False),
        (FaultKind.BROKEN, UnknownOutcome, False),
        (FaultKind.PARTIAL, UnknownOutcome, False),
        (FaultKind.LOST, UnknownOutcome, True),
        (FaultKind.RESET, UnknownOutcome, True),
    ],
)
def test_faults_befall_grpc_too(
    there: Google, accounts: Accounts, kind: FaultKind, error: type[Exception], made: bool
) -> None:
    there.app.schedule.faults.append(Fault(kind, seconds=7))
    with pytest.raises(error) as caught:
        accounts.create("purser-anti-fraud-v2", MARK)
    assert bool(there.state.accounts) is made
    if kind == FaultKind.THROTTLED:
        assert getattr(caught.value, "retry_after", None) == 7.0


def test_an_answer_may_lie_and_a_look_may_be_old(there: Google, accounts: Accounts) -> None:
    there.app.schedule.faults.append(Fault(FaultKind.LYING))
    accounts.create("purser-anti-fraud-v2", MARK)
    assert there.state.accounts == {}
    accounts.create("purser-anti-fraud-v2", MARK)
    there.settle()
    there.app.schedule.faults.append(Fault(FaultKind.STALE))
    assert accounts.ours() == []
    assert [one.mark.project for one in accounts.ours()] == ["anti-fraud-v2"]


def test_a_new_account_is_not_shown_for_a_while(there: Google, accounts: Accounts) -> None:
    accounts.create("purser-anti-fraud-v2", MARK)
    accounts.create("purser-anti-fraud-v2", MARK)
    assert accounts.find("purser-anti-fraud-v2") is None
    there.settle()
    found = accounts.find("purser-anti-fraud-v2")
    assert found is not None
    accounts.disable(found)
    assert there.state.accounts[found.email]["disabled"]


def test_the_clock_is_advanced_over_http(there: Google) -> None:
    before = there.now()
    answer = httpx.post(f"{there.endpoints.docker}/sandbox/clock", json={"advance": 90})
    assert answer.status_code == 200
    assert there.now() - before == timedelta(seconds=90)
    assert httpx.post(f"{there.endpoints.docker}/sandbox/clock", json={"advance": -1}).status_code == 400


def test_an_image_is_pushed_over_http(there: Google) -> None:
    sent = {"repository": "models/us/new", "image": "x", "digest": "sha256:1", "tags": ["v1"]}
    assert httpx.post(f"{there.endpoints.docker}/sandbox/images", json=sent).status_code == 200
    assert list(there.state.images["projects/models/locations/us/repositories/new"]) == ["x"]


def test_a_state_written_down_is_taken_up(there: Google) -> None:
    document = plain(there.state)
    again = GoogleStandin(GoogleState())
    again.restore(document)
    assert again.state == there.state


def test_a_nested_group_counts_later_than_a_direct_one(there: Google) -> None:
    state = there.state
    state.groups["outer"] = {"address": "outer@example.com", "description": "", "displayName": "", "members": {
        "m": {"address": "purser-fake@example.com", "type": "GROUP", "roles": ["MEMBER"], "ends": None,
              "since": state.clock()}}}  # fmt: skip
    state.groups["g0"]["members"]["m0"]["since"] = state.clock()
    state.offset += 301
    assert state.counts("eve@example.com", "purser-fake@example.com")
    assert not state.counts("eve@example.com", "outer@example.com")
    state.offset += 300
    assert state.counts("eve@example.com", "outer@example.com")
