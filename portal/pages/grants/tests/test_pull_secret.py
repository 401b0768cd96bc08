"""What a person signs in with where Purser's own pull token is not taken: theirs alone, once, on the record."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from audit.ledger.models import Event
from grants.catalogue.models import Image, Registry
from grants.catalogue.testing import make_image, make_registry
from grants.connectors.errors import Permanent, Transient
from grants.connectors.harbor import RobotCredential
from grants.delivery import targets
from grants.directory.actors import actor_for
from grants.directory.testing import cast
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import with_bundle
from grants.lifecycle.testing import make_grant
from portal.accounts.testing import sign_in
from portal.accounts.tokens import create_token
from portal.edges.pull_secrets import (
    MOST_A_MINUTE,
    NotHolder,
    NotReady,
    PullSecretError,
    TooOften,
    pull_secret,
)

pytestmark = pytest.mark.django_db(transaction=True)
ENDS = datetime(2027, 1, 4, tzinfo=UTC)


class FakeHarbor:
    """Gives every robot the same secret, or fails as told."""

    error = None

    def credential(self, entry):
        if self.error:
            raise self.error
        return RobotCredential(f"robot$purser-{entry.key.replace(':', '-')}", "hunter2", ENDS)


class FakeGoogle:
    """Gives tokens of accounts."""

    def access_token(self, account, lifetime):
        assert lifetime == timedelta(minutes=10)
        return f"ya29.{account}", ENDS


@pytest.fixture
def people():
    cache.clear()
    return cast()


@pytest.fixture
def harbor(monkeypatch):
    connector = FakeHarbor()
    made = {"harbor": lambda row: connector, "google": lambda row: FakeGoogle()}
    monkeypatch.setattr(targets, "_factories", made)
    return connector


@pytest.fixture
def grant(people, harbor):
    images = [
        make_image("ml/base", registry=make_registry("harbor", kind="harbor")),
        make_image("p/r/image", registry=make_registry("google", kind="google")),
        make_image("team/base", registry=make_registry("main")),
    ]
    made = make_grant(project=people.project, members=[people.bob], images=images)
    return with_bundle(Grant.objects.filter(pk=made.pk)).get()


def ask(grant, person, target="harbor"):
    return pull_secret(grant=grant, target=target, person=person, by=actor_for(person), now=timezone.now())


def test_a_holder_gets_the_secret_of_their_own_robot_and_the_record_holds_none(grant, people):
    made = ask(grant, people.bob)
    assert (made.username, made.secret, made.expires) == (
        f"robot$purser-person-{people.bob.pk}", "hunter2", ENDS,
    )  # fmt: skip
    event = Event.objects.get(kind="portal.secret.shown")
    assert (event.subject, event.person, event.project) == (grant.label, people.bob.label, people.project.key)
    assert event.detail == {"target": "harbor", "login": made.username, "expires": ENDS.isoformat()}
    assert "hunter2" not in repr(made)


def test_at_google_it_is_a_token_of_the_projects_account(grant, people):
    made = ask(grant, people.bob, "google")
    assert made.username == "oauth2accesstoken"
    assert made.secret.startswith(f"ya29.purser-{people.project.key}"[:12])


@pytest.mark.parametrize(("role", "repository"), [("developer", "p/r/image"), ("viewer", "p/r/other")])
def test_at_google_nobody_acts_as_an_account_that_may_more_than_they(grant, people, role, repository):
    image, _ = Image.objects.get_or_create(registry=Registry.objects.get(key="google"), repository=repository)
    other = make_grant(project=people.project, members=[people.mia], images=[image], role=role)
    with pytest.raises(NotHolder) as caught:
        ask(grant, people.bob, "google")
    assert caught.value.code == "more_than_yours"
    assert ask(grant, people.bob).secret == "hunter2"
    other.members.create(person=people.bob)
    assert ask(grant, people.bob, "google").secret.startswith("ya29.")


@pytest.mark.parametrize("who", ["alice", "charlie", "root"])
def test_nobody_gets_one_who_does_not_hold_the_access(grant, people, who):
    with pytest.raises(NotHolder):
        ask(grant, getattr(people, who))
    assert not Event.objects.filter(kind="portal.secret.shown").exists()


def test_a_holder_whose_part_or_access_is_over_gets_none(grant, people):
    grant.members.update(removed_at=timezone.now(), removed_reason="member_left")
    with pytest.raises(NotHolder):
        ask(with_bundle(Grant.objects.all()).get(), people.bob)
    grant.members.update(removed_at=None, removed_reason="")
    Grant.objects.update(status="revoking", end_reason="revoked", revoking_since=timezone.now())
    with pytest.raises(NotHolder):
        ask(with_bundle(Grant.objects.all()).get(), people.bob)


@pytest.mark.parametrize("target", ["main", "nowhere", ""])
def test_where_the_pull_token_is_taken_there_is_none(grant, people, target):
    with pytest.raises(PullSecretError) as caught:
        ask(grant, people.bob, target)
    assert caught.value.code == "no_own_secret"


@pytest.mark.parametrize(
    ("error", "code"), [(Permanent("no robot"), "not_ready"), (Transient("down"), "silent")]
)
def test_a_system_that_has_none_or_is_silent_is_said_plainly(grant, people, harbor, error, code):
    harbor.error = error
    with pytest.raises(NotReady) as caught:
        ask(grant, people.bob)
    assert caught.value.code == code
    assert caught.value.message.startswith(Registry.objects.get(key="harbor").name)


def test_the_seventh_in_a_minute_is_too_often(grant, people):
    for _ in range(MOST_A_MINUTE):
        ask(grant, people.bob)
    with pytest.raises(TooOften):
        ask(grant, people.bob)


def test_the_page_shows_it_once_and_is_never_kept(grant, people, client):
    sign_in(client, people.bob)
    page = client.post(f"/grants/{grant.pk}/pull-secret/", {"target": "harbor"})
    assert page.status_code == 200
    assert "hunter2" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert client.get(f"/grants/{grant.pk}/pull-secret/").status_code == 405


def test_the_grant_offers_what_each_system_takes(grant, people, client):
    sign_in(client, people.bob)
    page = client.get(f"/grants/{grant.pk}/").content.decode()
    assert page.count(f'action="/grants/{grant.pk}/pull-secret/"') == 2
    assert page.count('id="create-token-') == 1
    assert "oauth2accesstoken" in page


def test_the_api_gives_a_signed_in_browser_the_same(grant, people, client):
    sign_in(client, people.bob)
    answer = client.post(
        f"/api/v1/grants/{grant.pk}/pull-secret/", {"target": "harbor"}, content_type="application/json"
    )
    assert answer.status_code == 201
    assert answer.json()["secret"] == "hunter2"


def test_an_api_token_gets_no_secret_that_would_outlive_it(grant, people, client):
    me = people.bob
    _token, secret = create_token(
        person=me, name="nightly", scopes=["write"], days=1, by=actor_for(me), now=timezone.now()
    )
    answer = client.post(
        f"/api/v1/grants/{grant.pk}/pull-secret/",
        {"target": "harbor"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "browser_only")
    assert not Event.objects.filter(kind="portal.secret.shown").exists()
