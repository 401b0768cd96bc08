"""What a tenant is computed from, and how its objects look: pure, against a file that a person has read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from grants.connectors.base import Entry, Holder, Holding, Place
from grants.connectors.errors import Permanent
from grants.connectors.kubernetes_images import admits, repository_of
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_objects import Abilities, active, held
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_secrets import PullCredential, rotation_at, secret_manifest
from grants.connectors.kubernetes_shared import own_access, shared_objects
from grants.connectors.kubernetes_state import covers

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PLACE = Place("tenant", "anti-fraud-v2")
ALICE, BOB = Holder("person:1", "alice@example.com"), Holder("person:2", "bob@example.com")
FULL = KubernetesOptions(
    runtime_class="kata-qemu-snp", cluster_queue="gpus", storage_image="reg.example/purser/fetch",
    storage_prefix="sealed://", dns_address="169.254.20.10", same_namespace=True,
    container_max=(("cpu", "16"),), platform_images=("registry.k8s.io/",),
)  # fmt: skip
EVERYTHING = Abilities(kyverno=True, kueue=True, kserve=True)


def given(**fields: Any) -> Holding:
    found = Holding(
        grant=1, project="anti-fraud-v2", team="anti-fraud", role="developer", holders=(ALICE, BOB),
        images=("reg.example/fraud/train",), ends=NOW + timedelta(days=90), namespace="anti-fraud-v2", gpus=4,
    )  # fmt: skip
    return replace(found, **fields)


def layout(**options: Any) -> KubernetesLayout:
    return KubernetesLayout(target="eu", options=KubernetesOptions(**options))


def test_one_place_for_each_project_and_none_without_a_namespace() -> None:
    assert layout().places(given()) == (PLACE,)
    assert layout().places(given(namespace="")) == ()
    assert layout().lock(PLACE) == "namespace:anti-fraud-v2"


def test_all_live_grants_of_a_project_make_one_entry() -> None:
    other = given(grant=2, role="viewer", images=("alpine:3", "reg.example/fraud/train"), confidential=True)
    assert layout().entry(PLACE, [other, given()]) == Entry(
        "eu", "tenant", "anti-fraud-v2",
        (
            ("confidential", "yes"),
            ("developer", "purser:anti-fraud-v2:developer"),
            ("gpus", "4"),
            ("image", "docker.io/library/alpine"),
            ("image", "reg.example/fraud/train"),
            ("project", "anti-fraud-v2"),
            ("team", "anti-fraud"),
            ("viewer", "purser:anti-fraud-v2:viewer"),
        ),
    )  # fmt: skip
    assert layout().entry(PLACE, []) is None


def test_people_are_bound_by_address_where_the_cluster_knows_no_groups() -> None:
    entry = layout(subjects="people").entry(PLACE, [given()])
    assert entry is not None
    assert entry.values("developer") == ("alice@example.com", "bob@example.com")


@pytest.mark.parametrize(
    ("fields", "options", "problem"),
    [
        ({}, {}, None),
        ({"namespace": "Anti_Fraud"}, {}, "The namespace Anti_Fraud is not a name that Kubernetes accepts."),
        ({"namespace": "kube-system"}, {}, "The namespace kube-system belongs to the cluster itself."),
        (
            {"images": ("reg.example/Fraud",)},
            {},
            "The image reg.example/Fraud is not a name that a cluster could pull.",
        ),
        (
            {"images": tuple(f"r.io/a{n}" for n in range(2001))},
            {},
            "A namespace can be granted 2000 images at most.",
        ),
        (
            {"confidential": True},
            {},
            "The project is confidential, but the cluster names no runtime class for such projects.",
        ),
        ({"confidential": True}, {"runtime_class": "kata"}, None),
        (
            {"holders": (Holder("person:3", ""),)},
            {"subjects": "people"},
            "Somebody has no verified e-mail address, by which the cluster knows people.",
        ),
        ({"namespace": "", "confidential": True}, {}, None),
    ],
)
def test_problems_are_said_before_anybody_approves(
    fields: dict[str, Any], options: dict[str, Any], problem: str | None
) -> None:
    assert list(layout(**options).problems(given(**fields))) == ([problem] if problem else [])


def test_options_are_read_from_a_row_that_holds_those_of_others() -> None:
    row = {"kubeconfig": "/etc/kube", "quota": {"limits.cpu": "8"}, "platform_images": ["a/"], "hold_days": 7}
    found = KubernetesOptions.read(row)
    assert (found.quota, found.platform_images, found.hold_days) == ((("limits.cpu", "8"),), ("a/",), 7)


@pytest.mark.parametrize(
    "row",
    [
        {"quota": {"limits.cpu": "lots"}},
        {"hold_days": "7"},
        {"pod_security": "none"},
        {"group_template": "everybody"},
        {"subjects": "robots"},
        {"same_namespace": 1},
    ],
)
def test_a_bad_option_is_refused_with_a_sentence(row: dict[str, Any]) -> None:
    with pytest.raises(Permanent, match=r"\.$"):
        KubernetesOptions.read(row)


def full_entry() -> Entry:
    entry = KubernetesLayout(target="eu", options=FULL).entry(PLACE, [given(confidential=True)])
    assert entry is not None
    return entry


def documents() -> dict[str, list[Any]]:
    """Everything that is ever written, by the file that shows it."""
    credential = PullCredential(("reg.example",), "robot:fraud", "s3cret", NOW + timedelta(days=9))
    secret = secret_manifest("anti-fraud-v2", credential, hosts=frozenset({"reg.example"}), now=NOW)
    return {
        "kubernetes_tenant.yaml": [*active(full_entry(), FULL, EVERYTHING), secret],
        "kubernetes_held.yaml": held(
            "anti-fraud-v2",
            FULL,
            EVERYTHING,
            project="anti-fraud-v2",
            last="reg.example/fraud/train",
            until=NOW + timedelta(days=30),
        ),
        "kubernetes_shared.yaml": shared_objects(),
    }


@pytest.mark.parametrize("name", ["kubernetes_tenant.yaml", "kubernetes_held.yaml", "kubernetes_shared.yaml"])
def test_objects_are_exactly_those_of_the_file(name: str) -> None:
    assert list(yaml.safe_load_all((GOLDEN / name).read_text())) == documents()[name]


def test_the_documented_rights_are_those_the_connector_was_tried_with() -> None:
    text = (ROOT / "docs/connectors/kubernetes.md").read_text()
    block = text.partition("```yaml\n# purser-connector\n")[2].partition("```")[0]
    assert yaml.safe_load(block) == own_access()


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ({"a": "1000m"}, {"a": "1", "b": "2"}, True),
        ({"a": "64Gi"}, {"a": "65536Mi"}, True),
        ({"a": "1"}, {"a": "2"}, False),
        ({"a": []}, {}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": {"b": 1}}, {"a": None}, False),
        ({"a": "b"}, {"a": "c"}, False),
    ],
)
def test_what_the_server_adds_does_not_count_but_a_longer_list_does(
    wanted: dict[str, Any], found: dict[str, Any], same: bool
) -> None:
    assert covers(wanted, found) is same


def test_rotation_is_spread_and_always_before_the_end() -> None:
    ends = NOW + timedelta(days=30)
    times = [rotation_at(issued=NOW, expires=ends, tenant=f"t{n}") for n in range(500)]
    assert min(times) >= NOW + timedelta(days=17)
    assert max(times) <= NOW + timedelta(days=20)
    assert len({time.replace(microsecond=0) for time in times}) > 490


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("reg.example/team", "reg.example/team"),
        ("reg.example:5000/a/b:1@sha256:" + "a" * 64, "reg.example:5000/a/b"),
        ("alpine", "docker.io/library/alpine"),
        ("index.docker.io/alpine:3", "docker.io/library/alpine"),
        ("team/app", "docker.io/team/app"),
        ("localhost/app", "localhost/app"),
        ("reg.example/team@x", ""),
        ("reg.example/a b", ""),
        ("reg.example/a\n", ""),
        ("", ""),
    ],
)
def test_the_repository_of_a_reference(reference: str, name: str) -> None:
    assert repository_of(reference) == name


def test_a_prefix_ends_at_a_slash_only() -> None:
    assert not admits("reg.example/team-evil", granted={"reg.example/team"})
    assert admits("reg.example/team/x", granted=set(), platform=("reg.example/team/",))
    assert not admits("reg.example/team-evil/x", granted=set(), platform=("reg.example/team/",))
    assert not admits("reg.example/team/x", granted=set(), platform=("reg.example/team",))
