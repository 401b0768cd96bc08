"""Health: each part says ok or why not; vital parts decide whether Purser can serve."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import get_language, override

from audit.ledger.actors import system
from audit.ledger.models import Event
from audit.ledger.services import audited, record
from audit.pulls.models import Pull
from audit.pulls.services import seal as seal_pulls
from grants.catalogue.models import Cluster, Registry
from grants.catalogue.testing import make_registry
from grants.delivery.models import Delivery
from grants.directory.actors import actor_for
from grants.directory.testing import cast
from grants.lifecycle.testing import make_grant
from grants.tokens.models import ClusterKeys, IssuedToken
from grants.tokens.sealing import seal as seal_tokens
from grants.tracker.types import JiraHealth
from portal.notify.models import Notification
from portal.pages.health import parts, stores, tables
from portal.pages.health.tasks import SEEN_KEY, beat
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def people():
    return cast()


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """A busy test machine is no fault of a part; the limit itself has a test of its own."""
    monkeypatch.setattr(parts, "SECONDS", 20.0)
    monkeypatch.setattr(parts, "STATEMENT_MS", 20_000)


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.delete(SEEN_KEY)
    yield
    cache.delete(SEEN_KEY)


def states(answer):
    return {name: part["status"] for name, part in answer.json()["parts"].items()}


def test_everything_that_is_set_up_and_beating_is_ok(client):
    beat()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert list(states(answer)) == [
        "database", "broker", "worker", "registry", "jira", "mail", "ledger", "deliveries", "drift", "keyless",
        "brake", "usage", "certificate",
    ]  # fmt: skip
    assert set(states(answer).values()) == {"ok"}
    assert "no-store" in answer["Cache-Control"]


def test_machines_need_no_sign_in_and_learn_only_states_and_reasons(client):
    part = client.get("/healthz").json()["parts"]["database"]
    assert part == {"status": "ok", "reason": ""}


def test_silent_worker_is_not_able_to_serve(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["parts"]["worker"]) == (
        503,
        {"status": "failing", "reason": "No worker has been seen"},
    )
    cache.set(SEEN_KEY, (timezone.now() - timedelta(minutes=3)).isoformat())
    assert client.get("/healthz").json()["parts"]["worker"]["reason"] == "Last seen 3\xa0minutes ago"


def test_reasons_for_machines_are_english_whatever_the_browser_wants(client):
    answer = client.get("/healthz", headers={"Accept-Language": "zh-hans"})
    assert answer.json()["parts"]["worker"]["reason"] == "No worker has been seen"


def test_reasons_are_said_in_the_readers_language(monkeypatch):
    monkeypatch.setattr(parts, "STORES", (("broker", lambda now: ("working", get_language()), True),))
    with override("zh-hans"):
        assert parts._stores(NOW)[0].reason == "zh-hans"


def test_broken_store_is_cut_off_and_named(client, monkeypatch):
    beat()
    monkeypatch.setattr(parts, "SECONDS", 0.05)
    held = [("broker", lambda now: threading.Event().wait(0.4), True)]
    monkeypatch.setattr(parts, "STORES", held)
    with override("en"):
        found = parts._stores(NOW)
    assert found == [parts.Part("broker", "failing", "No answer within a second", True)]


def test_lost_database_is_told_without_an_error_page(client, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("connection refused at 10.0.0.5")

    beat()
    monkeypatch.setattr(parts.transaction, "atomic", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == {
        "status": "failing",
        "reason": "The database does not answer",
    }
    assert "10.0.0.5" not in answer.text


def test_registry_is_failing_when_it_cannot_be_read_and_purser_still_serves(client):
    beat()
    registry = make_registry()
    assert tables.registries(timezone.now()) == ("failing", "Main registry has never been read.")
    Registry.objects.filter(pk=registry.pk).update(synced_at=timezone.now(), sync_error="connection refused")
    answer = client.get("/healthz")
    assert (answer.status_code, states(answer)["registry"]) == (200, "failing")
    assert "connection refused" not in answer.text
    Registry.objects.update(sync_error="", synced_at=timezone.now() - timedelta(hours=2))
    assert tables.registries(timezone.now())[1] == "Main registry was last read 2\xa0hours ago."


def test_mail_deliveries_and_ledger_are_counted(people):
    now = timezone.now()
    Notification.objects.create(
        recipient=people.bob, kind="ready", occasion="x", created_at=now, mail_state="failing"
    )
    Delivery.objects.create(
        grant=make_grant(),
        target="main",
        kind="member",
        key="x",
        since=now - timedelta(hours=1),
        next_attempt_at=now,
    )
    with audited(by=actor_for(people.root)):
        record("grants.person.changed", subject="person:1")
    assert tables.mail(now) == ("slow", "1 mail could not be sent yet")
    assert tables.deliveries(now) == ("slow", "1 part of a grant is overdue")
    assert tables.ledger(now) == ("working", "")
    later = Event.objects.get().at + timedelta(minutes=9)
    assert tables.ledger(later) == ("failing", "Not signed since 9\xa0minutes")


def test_logs_that_are_not_sealed_are_told():
    now = timezone.now()
    long_ago = now - timedelta(minutes=9)
    IssuedToken.objects.create(jti="t", at=long_ago, outcome="issued", access=[])
    assert tables.ledger(now) == ("failing", "The token log is not sealed since 9\xa0minutes")
    Pull.objects.create(
        event_id="e", registry="main", at=now, received_at=long_ago, action="pull", counted=True
    )
    assert tables.ledger(now) == ("failing", "The pull log is not sealed since 9\xa0minutes")
    seal_pulls(by=system("pulls"), now=now)
    seal_tokens(by=system("tokens"), now=now)
    assert tables.ledger(now) == ("working", "")


def test_refused_checkpoint_is_an_alarm(people):
    with audited(by=actor_for(people.root)):
        record("audit.checkpoint.refused", subject="ledger:events")
    assert tables.ledger(timezone.now())[0] == "failing"


@pytest.mark.parametrize(
    ("days", "state"), [(400, "working"), (20, "slow"), (-1, "failing"), (None, "not_set_up")]
)
def test_certificate_is_told_long_before_its_end(monkeypatch, days, state):
    now = timezone.now()

    class Keys:
        def ca_ends(self):
            return None if days is None else now + timedelta(days=days)

    monkeypatch.setattr(stores, "key_store", Keys)
    assert stores.certificate(now)[0] == state


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({"configured": False}, ("not_set_up", "No Jira is connected; projects end by hand")),
        ({}, ("working", "")),
        ({"ok": False}, ("failing", "It has never answered")),
        (
            {"ok": False, "last_success_at": NOW - timedelta(hours=3)},
            ("failing", "It last answered 3\xa0hours ago"),
        ),
        ({"missing": ("AF-1", "AF-2")}, ("slow", "It does not show: AF-1, AF-2")),
    ],
)
def test_jira_is_told_without_its_own_words(monkeypatch, facts, answer):
    found = JiraHealth(True, True, None, None, "secret detail", 0, (), "secret detail")
    monkeypatch.setattr(tables, "health", lambda now: replace(found, **facts))
    assert tables.jira(NOW) == answer


def test_page_is_for_administrators_and_shows_what_breaks(people):
    assert as_person(people.ada).get("/health/").status_code == 403
    answer = as_person(people.root).get("/health/")
    assert answer.context["rows"][0].part.name == "worker"
    assert "Access is not set up, mails are not sent." in answer.text
    assert "1 thing needs attention" in answer.text


def test_keys_of_a_cluster_that_cannot_be_read_are_told_with_the_reason_to_administrators_only(
    people, client
):
    assert tables.keyless(NOW)[0] == "not_set_up"
    cluster = Cluster.objects.create(key="gpu", name="GPU", issuer="https://gpu.test", audience="purser")
    keys = ClusterKeys.objects.create(cluster=cluster, source="s", tried_at=NOW)
    assert tables.keyless(NOW) == ("working", "")
    error = "The cluster could not be reached."
    ClusterKeys.objects.update(error=error)
    assert tables.keyless(NOW) == ("slow", "The keys of GPU were never read.")
    ClusterKeys.objects.update(read_at=NOW - timedelta(hours=3))
    said = "The keys of GPU cannot be read; those known were read 3\xa0hours ago."
    assert tables.keyless(NOW) == ("slow", said)
    answer = as_person(people.root).get("/health/")
    assert answer.context["keys"] == [keys]
    assert (error in answer.text, error in client.get("/healthz").text) == (True, False)
    Cluster.objects.update(options={"jwks": {}})
    assert tables.keyless(NOW) == ("working", "")
