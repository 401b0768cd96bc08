"""Targets come from a file: all of it or nothing, recorded, and never with a secret in it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.ledger.models import Event
from grants.catalogue import target_file
from grants.catalogue.errors import TargetFileInvalid
from grants.catalogue.models import Cluster, Registry
from grants.catalogue.signals import target_changed
from grants.catalogue.target_file import read_targets

GOOD = b"""
[[registry]]
key = "harbor"
name = "Harbor"
kind = "harbor"
host = "harbor.example.com"
api_url = "https://harbor.example.com"
options = { username = "robot$purser", password = "env:HARBOR_PASSWORD" }

[[cluster]]
key = "gpu-1"
name = "GPU cluster"
issuer = "https://kubernetes.default.svc"
audience = "purser"
options = { kubeconfig = "/etc/purser/gpu-1.yaml" }
"""


def keep(path):
    out = StringIO()
    call_command("keep_targets", str(path), stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.django_db(transaction=True)
def test_a_file_is_kept_once_and_recorded(tmp_path):
    path = tmp_path / "targets.toml"
    path.write_bytes(GOOD)
    assert keep(path) == ["harbor: written down", "gpu-1: written down"]
    assert keep(path) == ["harbor: as it was", "gpu-1: as it was"]
    path.write_bytes(GOOD.replace(b"GPU cluster", b"GPU cluster 1"))
    assert keep(path) == ["harbor: as it was", "gpu-1: written down"]
    assert (Registry.objects.get().kind, Cluster.objects.get().name) == ("harbor", "GPU cluster 1")
    kinds = list(Event.objects.order_by("sequence").values_list("kind", flat=True))
    assert kinds == ["grants.registry.added", "grants.cluster.added", "grants.cluster.changed"]


@pytest.mark.django_db
def test_a_file_with_faults_keeps_nothing_and_names_them_all(tmp_path):
    path = tmp_path / "targets.toml"
    path.write_bytes(GOOD.replace(b"env:HARBOR_PASSWORD", b"hunter2").replace(b"https://harbor", b"harbor"))
    with pytest.raises(CommandError) as caught:
        keep(path)
    assert "registry.1.api_url" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert Registry.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"x =", "This is no TOML file"),
        (b"\xff", "This is no TOML file"),
        (GOOD.replace(b"env:HARBOR_PASSWORD", b"hunter2"), "options.password: name where the secret is"),
        (GOOD.replace(b"https://harbor", b"https://admin:hunter2@harbor"), "registry.1.api_url"),
        (
            GOOD.replace(b"kubeconfig =", b'server = "https://u:hunter2@host", kubeconfig ='),
            "options.server: an address holds no user name",
        ),
        (
            GOOD.replace(b"kubeconfig =", b'mirror = { Password = "hunter2" }, kubeconfig ='),
            "options.mirror.Password: name where the secret is",
        ),
        (GOOD.replace(b"gpu-1", b"harbor"), "the same key stands twice: harbor"),
        (GOOD.replace(b'kind = "harbor"', b'kind = "quay"'), "registry.1.kind"),
        (GOOD.replace(b"issuer", b"isuer"), "cluster.1.isuer"),
    ],
)
def test_each_fault_is_named(data, fault):
    with pytest.raises(TargetFileInvalid) as caught:
        read_targets(data)
    assert any(fault in one for one in caught.value.faults)
    assert "hunter2" not in str(caught.value.faults)


def test_options_are_read_by_who_knows_them(monkeypatch):
    monkeypatch.setattr(
        target_file, "_checks", {"harbor": lambda key, options: f"{sorted(options)} are wrong"}
    )
    with pytest.raises(TargetFileInvalid) as caught:
        read_targets(GOOD)
    assert caught.value.faults == ["harbor: ['password', 'username'] are wrong"]


@pytest.mark.django_db(transaction=True)
def test_higher_rooms_hear_of_a_target_that_changed(tmp_path):
    heard = []

    def hear(key, **_kwargs):
        heard.append(key)

    target_changed.connect(hear)
    path = tmp_path / "targets.toml"
    path.write_bytes(GOOD)
    keep(path)
    keep(path)
    target_changed.disconnect(hear)
    assert heard == ["harbor", "gpu-1"]


@pytest.mark.django_db(transaction=True)
def test_trust_in_a_cluster_outlives_a_file_that_says_nothing_of_it(tmp_path):
    path = tmp_path / "targets.toml"
    silent = b'[[cluster]]\nkey = "gpu-1"\nname = "GPU"\noptions = { server = "https://10.0.0.1" }\n'
    path.write_bytes(silent)
    keep(path)
    trusted = {"issuer": "https://issuer", "audience": "purser"}
    Cluster.objects.update(**trusted, options={"server": "https://10.0.0.1", "jwks_url": "https://keys"})
    assert keep(path) == ["gpu-1: as it was"]
    path.write_bytes(silent.replace(b"10.0.0.1", b"10.0.0.2"))
    keep(path)
    cluster = Cluster.objects.get()
    assert (cluster.issuer, cluster.audience) == ("https://issuer", "purser")
    assert cluster.options == {"server": "https://10.0.0.2", "jwks_url": "https://keys"}
