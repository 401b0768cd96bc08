"""A Distribution registry with the token service gone: nobody gets a new token, and the last ones run out."""

import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from approvals.requests.testing import make_scene
from grants.delivery.models import Delivery
from grants.lifecycle.testing import make_grant
from grants.tokens.decision import PULL_SECONDS, PUSH_SECONDS, Holder, Right, decide
from grants.tokens.keys import KeyStore
from grants.tokens.scopes import Scope
from grants.tokens.signing import Signer
from grants.tokens.tests.registry_process import ISSUER, SERVICE, running_registry
from portal.pages.testing import as_person

REPOSITORY = "fraud/base"
LET_IN, REFUSED = 404, 401
"""Tags of a repository that holds nothing: let in and not found, or not let in."""
NEAR = 3  # seconds that the calls themselves may take


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = KeyStore(tmp_path_factory.mktemp("keys"))
    made.ensure_ca(now=datetime.now(UTC))
    return made


@pytest.fixture(scope="module")
def realm():
    """Where the token service was: nobody listens there any more."""
    with socket.socket() as held:
        held.bind(
            ("127.0.0.1", 0)
        )  # bound and never listening: connections are refused, and nobody else gets it
        yield f"http://127.0.0.1:{held.getsockname()[1]}/registry/token"


@pytest.fixture(scope="module")
def registry(store, realm, tmp_path_factory):
    with running_registry(tmp_path_factory.mktemp("registry"), store.ca_path, realm=realm) as address:
        yield address


def token(store, *actions, age, grant_left=timedelta(days=90)):
    """The token a holder was given `age` seconds ago, when the grant had `grant_left` to go."""
    given = datetime.now(UTC) - timedelta(seconds=age)
    right = Right(given + grant_left, 1)
    holder = Holder(1, "person:1", "bob", {REPOSITORY: dict.fromkeys(["pull", "push"], right)})
    decision = decide(holder, [Scope("repository", REPOSITORY, frozenset(actions))], now=given)
    return Signer(store, issuer=ISSUER).sign(
        subject="bob+1", audience=SERVICE, jti="1", access=decision.access, expiry=decision.expiry,
        now=int(given.timestamp()),
    )  # fmt: skip


def ask(registry, bearer=""):
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return httpx.get(
        f"http://{registry}/v2/{REPOSITORY}/tags/list", headers=headers, trust_env=False, timeout=10
    )


@pytest.mark.enable_loopback
@pytest.mark.parametrize(
    ("actions", "lasts"), [(("pull",), PULL_SECONDS), (("pull", "push"), PUSH_SECONDS)], ids=["pull", "push"]
)
def test_distribution_token_runs_out_in_time(registry, store, actions, lasts):
    assert ask(registry, token(store, *actions, age=0)).status_code == LET_IN
    assert ask(registry, token(store, *actions, age=lasts - 2 * NEAR)).status_code == LET_IN
    assert ask(registry, token(store, *actions, age=lasts + NEAR)).status_code == REFUSED


@pytest.mark.enable_loopback
@pytest.mark.parametrize("actions", [("pull",), ("pull", "push")], ids=["pull", "push"])
def test_distribution_token_never_outlives_the_grant(registry, store, actions):
    left = timedelta(seconds=20)
    assert ask(registry, token(store, *actions, age=0, grant_left=left)).status_code == LET_IN
    assert ask(registry, token(store, *actions, age=20 + NEAR, grant_left=left)).status_code == REFUSED


@pytest.mark.enable_loopback
def test_distribution_gives_no_new_token_without_the_token_service(registry, realm):
    challenged = ask(registry)
    assert (challenged.status_code, realm in challenged.headers["www-authenticate"]) == (REFUSED, True)
    with pytest.raises(httpx.ConnectError):
        httpx.get(
            realm, params={"service": SERVICE, "scope": f"repository:{REPOSITORY}:pull"}, trust_env=False
        )


@pytest.mark.django_db
def test_distribution_page_says_that_tokens_end_with_the_access():
    scene = make_scene()
    grant = make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    Delivery.objects.create(
        grant=grant, target="main", kind="member", key=scene.people.bob.label, status="verified",
        since=grant.starts,
    )  # fmt: skip
    answer = as_person(scene.people.bob).get(f"/grants/{grant.pk}/")
    assert [row.by_tokens for row in answer.context["systems"]] == [True]
    assert "Yes: tokens end with the access" in answer.text
