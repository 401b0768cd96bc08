"""`trust_cluster`: a cluster is believed only after its keys were read, by an operator, and on record."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.ledger.actors import Actor
from audit.ledger.models import Event
from grants.catalogue.models import Cluster
from grants.connectors.tests.serving_keys import serving_keys
from grants.tokens.clusters import Trust, trust_cluster
from grants.tokens.errors import ClusterRefused
from grants.tokens.testing import AUDIENCE, ISSUER, FakeCluster

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    said = io.StringIO()
    call_command("trust_cluster", *words, stdout=said)
    return said.getvalue()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(FakeCluster().jwks))
    return path


def test_keys_of_a_file_are_kept_and_nothing_is_read(keys: Path) -> None:
    said = run("main", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-file", str(keys))
    cluster = Cluster.objects.get()
    assert said == "Tokens of main for purser are accepted. Keys: k1\n"
    assert (cluster.kind, cluster.issuer, cluster.audience) == ("pulls", ISSUER, AUDIENCE)
    assert cluster.options == {"jwks": json.loads(keys.read_text())}
    event = Event.objects.get(kind="grants.cluster.trusted")
    assert (event.subject, event.detail["issuer"]) == ("cluster:main", ISSUER)


@pytest.mark.enable_loopback
def test_keys_are_read_once_before_a_cluster_is_believed() -> None:
    answers: dict[str, Any] = {"/keys": (200, {}, json.dumps(FakeCluster().jwks).encode())}
    with serving_keys(answers) as (address, paths):
        run("main", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-url", f"{address}/keys")
        with pytest.raises(CommandError, match="404"):
            run("other", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-url", f"{address}/none")
    assert (paths, Cluster.objects.get().key) == (["/keys", "/none"], "main")


def test_what_a_connector_needs_to_know_stays(keys: Path) -> None:
    Cluster.objects.create(key="main", name="Main", options={"url": "https://x", "keyless_push": True})
    run("main", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-file", str(keys))
    cluster = Cluster.objects.get()
    assert (cluster.kind, cluster.name) == ("kubernetes", "Main")
    assert cluster.options == {"url": "https://x", "jwks": json.loads(keys.read_text())}


def test_trust_ends(keys: Path) -> None:
    run("main", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-file", str(keys))
    run("main", "--stop")
    assert Cluster.objects.get().issuer == ""
    assert Event.objects.filter(kind="grants.cluster.distrusted").count() == 1
    with pytest.raises(CommandError, match="no such cluster"):
        run("other", "--stop")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Main!", "--issuer", "i", "--audience", "a", "--jwks-file"), "small letters"),
        (("main", "--issuer", "i", "--jwks-file"), "audience"),
        (("main", "--audience", "a", "--jwks-file"), "issuer"),
    ],
)
def test_what_cannot_be_believed_is_refused(keys: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*words, str(keys))
    assert Cluster.objects.count() == 0


def test_a_file_without_a_usable_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    for text, said in (('{"keys": []}', "no RSA or P-256 key"), ("{", "cannot be read")):
        path.write_text(text)
        with pytest.raises(CommandError, match=said):
            run("main", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-file", str(path))


def test_nobody_but_an_operator() -> None:
    with pytest.raises(ClusterRefused) as caught:
        trust_cluster(
            key="main", trust=Trust(ISSUER, AUDIENCE), by=Actor("person", "1", "alice"), now=timezone.now()
        )
    assert caught.value.code == "not_an_operator"
