"""Connectors are made from rows: secrets are looked up, never written down; each cluster has credentials of its own."""

import pytest
from django.utils import timezone

from grants.catalogue import target_file
from grants.catalogue.models import Cluster
from grants.catalogue.testing import make_registry
from grants.connectors.base import Connector, Layout
from grants.connectors.errors import Permanent
from grants.delivery.models import Delivery
from grants.delivery.targets import connector_for, layout_of
from grants.directory.testing import cast
from grants.lifecycle.testing import make_grant
from grants.tokens.models import Credential
from grants.tokens.services import create_robot
from portal import targets

GOOGLE = {"project": "ml", "location": "europe-west4", "group_domain": "example.com", "customer": "C1"}


@pytest.fixture
def cluster(db):
    options = {"server": "https://127.0.0.1:1", "token": "env:GPU_TOKEN"}
    return Cluster.objects.create(key="gpu-1", name="GPU", options=options)


@pytest.mark.parametrize(
    ("reference", "found"), [("", ""), (None, ""), ("env:PASSWORD_OF_HARBOR", "hunter2")]
)
def test_secret_is_looked_up_where_the_row_says(monkeypatch, reference, found):
    monkeypatch.setenv("PASSWORD_OF_HARBOR", "hunter2")
    assert targets.secret(reference) == found


def test_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("hunter2\n")
    assert targets.secret(f"file:{tmp_path}/secret") == "hunter2"


@pytest.mark.parametrize("reference", ["env:NOT_SET", "file:/nowhere", "hunter2", "vault:x"])
def test_secret_that_is_not_there_is_told_without_repeating_what_may_be_one(reference):
    with pytest.raises(Permanent) as caught:
        targets.secret(reference)
    assert "hunter2" not in str(caught.value)


@pytest.mark.django_db
def test_every_kind_has_a_connector_and_a_layout(cluster, monkeypatch):
    monkeypatch.setenv("GPU_TOKEN", "t")
    harbor = make_registry("harbor", kind="harbor")
    google = make_registry(
        "google", kind="google", options={**GOOGLE, "endpoints": {"artifact_registry": "http://x"}}
    )
    for row in (harbor, google, cluster):
        assert isinstance(connector_for(row.key), Connector)
        assert isinstance(layout_of(row), Layout)


@pytest.mark.django_db
def test_connector_is_kept_until_its_row_changes(cluster, monkeypatch):
    monkeypatch.setenv("GPU_TOKEN", "t")
    first = connector_for("gpu-1")
    assert connector_for("gpu-1") is first
    Cluster.objects.filter(key="gpu-1").update(options={**cluster.options, "subjects": "people"})
    assert connector_for("gpu-1") is not first


@pytest.mark.django_db(transaction=True)
def test_each_pull_secret_is_a_robot_of_its_own_and_forgotten_ones_end(cluster):
    people = cast()
    make_registry("main")
    made = [targets._pull_credential(cluster, "ns", people.project.key) for _ in range(3)]
    assert made[0].hosts == ("main.registry.test",)
    live = Credential.objects.filter(revoked_at=None).order_by("pk").values_list("login", flat=True)
    assert list(live) == [one.username for one in made[1:]]
    targets._retire(cluster, made[1].username)
    targets._retire(cluster, made[1].username)
    assert Credential.objects.filter(revoked_at=None).get().login == made[2].username
    assert Credential.objects.get(login=made[2].username).digest != made[2].secret


@pytest.mark.django_db(transaction=True)
def test_a_cluster_ends_no_credential_but_those_of_its_own_pull_secrets(cluster):
    people = cast()
    make_registry("main")
    other = Cluster.objects.create(key="gpu-1-eu", name="EU")
    theirs = targets._pull_credential(other, "ns", people.project.key)
    robot, _ = create_robot(
        project=people.project, name="gpu-1-train", days=5, by=targets._SYSTEM, now=timezone.now()
    )
    for _ in range(3):
        targets._pull_credential(cluster, "ns", people.project.key)
    for username in (theirs.username, robot.login):  # an annotation that a tenant wrote
        targets._retire(cluster, username)
    live = set(Credential.objects.filter(revoked_at=None).values_list("login", flat=True))
    assert {theirs.username, robot.login} <= live


@pytest.mark.django_db(transaction=True)
def test_what_a_tenant_s_secret_does_not_name_is_ended_and_no_other_tenant_s(cluster):
    people = cast()
    make_registry("main")
    key = people.project.key
    theirs = targets._pull_credential(cluster, "moved-away", key)
    leaked, kept = (targets._pull_credential(cluster, "ns", key) for _ in range(2))
    Credential.objects.filter(login=theirs.username).update(revoked_at=None)  # ended as the third in a row
    named = frozenset({kept.username, "robot$other+ci"})
    assert targets._sweep(cluster, "ns", key, named) == {kept.username}
    live = set(Credential.objects.filter(revoked_at=None).values_list("login", flat=True))
    assert live == {theirs.username, kept.username}
    assert targets._sweep(cluster, "ns", "another", frozenset()) == frozenset()
    assert targets._sweep(cluster, "ns", key, frozenset()) == frozenset()
    assert Credential.objects.get(revoked_at=None).login == theirs.username
    assert Credential.objects.get(login=leaked.username).revoked_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("google", {"project": "ml"}, "lack: location, group_domain, customer"),
        ("kubernetes", {"subjects": "everybody"}, "subjects"),
        ("harbor", {"groups": "x"}, "groups need webhooks"),
        ("harbor", {"groups": "{team}-{project}", "webhook_secret": "env:X"}, "between {team} and {project}"),
    ],
)
def test_options_that_no_connector_could_use_are_refused_when_they_are_written_down(kind, options, said):
    assert said in target_file._checks[kind]("x", options)


@pytest.mark.django_db
def test_names_by_which_access_is_found_again_stay_while_any_stands_there():
    harbor = make_registry("harbor", kind="harbor", options={"prefix": "purser"})
    check = target_file._checks["harbor"]
    assert check("harbor", {"prefix": "acme"}) == ""
    grant = make_grant(project=cast().project)
    line = Delivery.objects.create(
        grant=grant, target=harbor.key, kind="robot", key="x", since=timezone.now(), status="verified"
    )
    assert check("harbor", {"prefix": "acme"}).startswith("prefix cannot change while access stands there")
    assert check("harbor", {"groups": ""}) == ""
    line.status, line.proven_at = "proven", timezone.now()
    line.save()
    assert check("harbor", {"prefix": "acme"}) == ""
