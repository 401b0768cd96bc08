"""The Kubernetes connector against a real kube-apiserver: the contract, with faults in between."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from kubernetes.client import Configuration

from grants.connectors.base import Change, Entry, Finds, Holding, Place, Scope
from grants.connectors.errors import Permanent
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_images import admits
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import RBAC
from grants.connectors.tests.contract import NOW, TARGET, Case, LayoutContract, holding
from grants.connectors.tests.kubernetes_bench import measure
from grants.connectors.tests.kubernetes_credentials import Robots
from grants.connectors.tests.kubernetes_proxy import FaultProxy
from grants.connectors.tests.real_kubernetes import RealCluster, allow_purser, running_cluster
from portal.sandbox.faults import Schedule
from portal.sandbox.standin import running

pytestmark = pytest.mark.enable_loopback

IMAGES = ("reg.example/fraud/train", "reg.example/fraud/serve", "docker.io/library/alpine")
NAMESPACE = "anti-fraud-v2"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
BINDINGS = f"/apis/{RBAC}/namespaces/{NAMESPACE}/rolebindings"
FOREIGN = (
    f"/apis/{RBAC}/namespaces/other/rolebindings/edit",
    "/api/v1/namespaces/other/configmaps/purser-images",
    "/api/v1/namespaces/other",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as found:
        prepare(found)
        yield found


def prepare(cluster: RealCluster) -> None:
    """Purser's own rights, exactly as documented, and a namespace of somebody else."""
    allow_purser(cluster)
    group = "rbac.authorization.k8s.io"
    edit = {"apiGroup": group, "kind": "ClusterRole", "name": "edit"}
    people = [{"apiGroup": group, "kind": "User", "name": "dora"}]
    cluster.apply(FOREIGN[2], {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    bound = {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": {"name": "edit"}}
    cluster.apply(FOREIGN[0], {**bound, "roleRef": edit, "subjects": people})
    images = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "purser-images"}}
    cluster.apply(FOREIGN[1], {**images, "data": {"images": "theirs"}})


def clear(http: httpx.Client, name: str = NAMESPACE) -> None:
    """Take a namespace away at once, as the namespace controller (which does not run here) would."""
    core, extra = (
        f"/api/v1/namespaces/{name}",
        f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies",
    )
    kinds = ("pods", "secrets", "configmaps", "serviceaccounts", "resourcequotas", "limitranges")
    bindings = f"/apis/{RBAC}/namespaces/{name}/rolebindings"
    for path in (*(f"{core}/{kind}" for kind in kinds), extra, bindings):
        http.delete(path, params={"gracePeriodSeconds": "0"})
    if http.delete(core).status_code != 404:
        found = http.get(core).json()
        found["spec"]["finalizers"] = []
        http.put(f"{core}/finalize", json=found).raise_for_status()


class Oracle:
    """Looks at the real server by itself."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def admitted(self, image: str, **spec: Any) -> bool:
        answer = self.try_pod(image, **spec)
        assert answer.status_code == 201 or "Purser: not granted" in answer.text or answer.status_code == 404
        return answer.status_code == 201

    def try_pod(self, image: str, *, dry: bool = True, name: str = "trial", **spec: Any) -> httpx.Response:
        body = {"serviceAccountName": "purser-pull", "containers": [{"name": "a", "image": image}], **spec}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}
        return self.http.post(f"{CORE}/pods", json=pod, params={"dryRun": "All"} if dry else {})

    def subjects(self) -> set[tuple[str, str]]:
        found = self.http.get(BINDINGS).json().get("items") or []
        return {(b["metadata"]["name"], s["name"]) for b in found for s in b["subjects"]}

    def truth(self, entry: Entry) -> bool:
        pairs = {
            (f"purser-{role}", name)
            for role in ("viewer", "developer", "admin")
            for name in entry.values(role)
        }
        quota = self.http.get(f"{CORE}/resourcequotas/purser-quota").json().get("spec", {}).get("hard", {})
        gpus = quota.get("requests.nvidia.com/gpu") == entry.first("gpus")
        images = all(self.admitted(f"{image}:1") for image in entry.values("image"))
        return gpus and images and pairs <= self.subjects()

    def undo(self, entry: Entry) -> None:
        self.http.delete(f"{BINDINGS}/purser-viewer").raise_for_status()

    def foreign(self) -> list[Any]:
        return [self.http.get(path).json() for path in FOREIGN]


@pytest.fixture
def admin(cluster: RealCluster) -> Iterator[httpx.Client]:
    with cluster.http() as http:
        yield http
        clear(http)


@pytest.fixture
def case(cluster: RealCluster, admin: httpx.Client) -> Iterator[Case]:
    schedule, options, robots = Schedule(), KubernetesOptions(), Robots()
    oracle = Oracle(admin)
    with cluster.http("purser") as http, running(FaultProxy(http, schedule)) as url:
        connector = KubernetesConnector(
            target=TARGET, configuration=Configuration(host=url), options=options,
            credentials=robots.credentials, now=robots.now, timeout=1.5,
        )  # fmt: skip
        layout = KubernetesLayout(target=TARGET, options=options)
        yield Case(
            connector, layout, schedule, IMAGES,
            truth=oracle.truth, undo=oracle.undo, foreign=oracle.foreign,
        )  # fmt: skip


class TestKubernetesContractReal(LayoutContract):
    """The contract on a real API server, by an identity with the documented rights only."""


@pytest.fixture
def tenant(case: Case) -> Case:
    """A tenant that is in use."""
    assert apply(case).proven
    return case


def apply(case: Case, **fields: Any) -> Any:
    entry = case.layout.entry(Place("tenant", NAMESPACE), [holding(case, **fields)])
    assert entry is not None
    return case.connector.apply(Change("apply", entry))


def remove(case: Case) -> Any:
    return case.connector.remove(Change("remove", case.layout.empty(Place("tenant", NAMESPACE))))


def test_a_pod_with_a_granted_image_is_admitted_and_the_same_pod_refused_after_the_end(
    tenant: Case, admin: httpx.Client
) -> None:
    oracle = Oracle(admin)
    assert oracle.try_pod(f"{IMAGES[0]}:1", dry=False, name="first").status_code == 201
    assert remove(tenant).detail == "A pod with a formerly granted image was refused."
    refused = oracle.try_pod(f"{IMAGES[0]}:1", dry=False, name="second")
    assert refused.status_code == 403
    assert f"Purser: not granted in this namespace: {IMAGES[0]}" in refused.text
    assert apply(tenant).proven
    assert oracle.try_pod(f"{IMAGES[0]}:1", dry=False, name="second").status_code == 201


@pytest.mark.parametrize(
    "spec",
    [
        {"initContainers": [{"name": "i", "image": "reg.example/evil"}]},
        {"volumes": [{"name": "v", "image": {"reference": "reg.example/evil:1"}}]},
    ],
    ids=["initContainers", "image volume"],
)
def test_every_place_of_an_image_in_a_pod_is_judged(tenant: Case, admin: httpx.Client, spec: Any) -> None:
    assert Oracle(admin).admitted(IMAGES[0])
    assert not Oracle(admin).admitted(IMAGES[0], **spec)


def _debug(http: httpx.Client, image: str) -> httpx.Response:
    body = {"spec": {"ephemeralContainers": [{"name": "debug", "image": image}]}}
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    params = {"dryRun": "All"}
    return http.patch(f"{CORE}/pods/running/ephemeralcontainers", json=body, headers=headers, params=params)


def test_a_running_pod_takes_no_other_image_by_debugging_or_update(tenant: Case, admin: httpx.Client) -> None:
    Oracle(admin).try_pod(IMAGES[0], dry=False, name="running").raise_for_status()
    assert _debug(admin, f"{IMAGES[1]}:2").status_code == 200
    assert _debug(admin, "reg.example/evil").status_code == 403
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    other = {"spec": {"containers": [{"name": "a", "image": "reg.example/evil"}]}}
    assert admin.patch(f"{CORE}/pods/running", json=other, headers=headers).status_code == 403


def test_after_the_end_a_running_pod_can_be_cleaned_up_but_not_debugged(
    tenant: Case, admin: httpx.Client
) -> None:
    Oracle(admin).try_pod(IMAGES[0], dry=False, name="running").raise_for_status()
    assert remove(tenant).proven
    assert _debug(admin, IMAGES[0]).status_code == 403
    headers = {"Content-Type": "application/merge-patch+json"}
    label = {"metadata": {"labels": {"done": "yes"}}}
    assert admin.patch(f"{CORE}/pods/running", json=label, headers=headers).status_code == 200
    assert admin.delete(f"{CORE}/pods/running", params={"gracePeriodSeconds": "0"}).status_code == 200


TRICKY = (
    "reg.example/fraud/train", "reg.example/fraud/train:v1", "reg.example/fraud/train@sha256:" + "a" * 64,
    "reg.example/fraud/train:v1@sha256:" + "0" * 64, "reg.example/fraud/train-evil", "reg.example/fraud/train/evil",
    "reg.example/fraud/trai", "reg.example/fraud", "reg.example.evil/fraud/train", "reg.example:443/fraud/train",
    "REG.example/fraud/train", "reg.example/Fraud/train", "reg.example/fraud//train", "reg.example/fraud/../train",
    "reg.example/fraud/train@evil", "reg.example/fraud/train@sha256:zz", "reg.example/fraud/train:a:b",
    "reg.example/fraud/train@sha256:" + "a" * 64 + ":x", "https://reg.example/fraud/train", "fraud/train",
    "evil/x reg.example/fraud/train", "reg.example/fraud/train evil/x", "reg.example/fraud/train\nevil/x",
    "alpine", "alpine:3.20", "alpine@sha256:" + "b" * 64, "library/alpine", "docker.io/alpine:3",
    "docker.io/library/alpine", "index.docker.io/library/alpine", "index.docker.io/alpine", "alpine-evil",
    "evil/alpine", "docker.io/evil/alpine", "localhost/alpine", "localhost:5000/library/alpine", "a" * 64,
    "sha256:" + "a" * 64, "quay.io/alpine", "docker.io.evil/library/alpine", "docker.io/library/alpine/x",
    "[::1]:5000/fraud/train", "registry.k8s.io/pause:3.10", "registry.k8s.io/sub/pause", "registry.k8s.io.evil/pause",
    "registry.k8s.io", "istio/proxyv2:1.24", "docker.io/istio/proxyv2", "istio/proxyv2-evil", "istio/proxyv2/evil",
)  # fmt: skip
PLATFORM = ("registry.k8s.io/", "docker.io/istio/proxyv2")


def test_the_rule_in_the_cluster_reads_image_names_as_ours_does(
    cluster: RealCluster, admin: httpx.Client
) -> None:
    options = KubernetesOptions(platform_images=PLATFORM)
    connector = KubernetesConnector(target=TARGET, configuration=cluster.configuration(), options=options)
    layout = KubernetesLayout(target=TARGET, options=options)
    given = Holding(1, "p", "t", "viewer", (), IMAGES, NOW, namespace=NAMESPACE)
    entry = layout.entry(Place("tenant", NAMESPACE), [given])
    assert entry is not None
    assert connector.apply(Change("apply", entry)).proven
    chance = random.Random(7)  # noqa: S311 - the same names in every run
    drawn = ["".join(chance.choices("a./:@-_A1 ", k=chance.randint(1, 12))) for _ in range(250)]
    mixed = [one.replace("/", chance.choice(["/", "//", "/a/", ":", "@"]), 1) for one in TRICKY]
    for image in (*TRICKY, *mixed, *drawn):
        answer = Oracle(admin).try_pod(image)
        if answer.status_code == 422:  # the API server itself does not take such a name
            continue
        expected = admits(image, granted=set(IMAGES), platform=PLATFORM)
        assert (answer.status_code == 201) is expected, f"{image}: {answer.text}"


def test_a_confidential_project_runs_in_its_runtime_class_only(
    cluster: RealCluster, admin: httpx.Client
) -> None:
    runtime = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "kata"},
        "handler": "kata",
    }
    cluster.apply("/apis/node.k8s.io/v1/runtimeclasses/kata", runtime)
    options = KubernetesOptions(runtime_class="kata")
    connector = KubernetesConnector(target=TARGET, configuration=cluster.configuration(), options=options)
    layout = KubernetesLayout(target=TARGET, options=options)
    given = Holding(1, "p", "t", "viewer", (), IMAGES, NOW, namespace=NAMESPACE, confidential=True)
    entry = layout.entry(Place("tenant", NAMESPACE), [given])
    assert entry is not None
    assert connector.apply(Change("apply", entry)).detail.startswith(
        "A pod with a granted image was admitted"
    )
    refused = Oracle(admin).try_pod(IMAGES[0])
    assert "Purser: pods of this project must use the runtime class kata" in refused.text
    assert Oracle(admin).try_pod(IMAGES[0], runtimeClassName="kata").status_code == 201


def _may(http: httpx.Client, verb: str, resource: str, *, group: str) -> bool:
    name, _, sub = resource.partition("/")
    kind, _, family = name.partition(".")
    asked = {"namespace": NAMESPACE, "verb": verb, "resource": kind, "subresource": sub, "group": family}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    body |= {"spec": {"user": "somebody", "groups": [group], "resourceAttributes": asked}}  # type: ignore[dict-item]
    answer = http.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json=body)
    return bool(answer.json()["status"]["allowed"])


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("viewer", [("get", "pods/log")], [("create", "pods"), ("get", "secrets"), ("create", "pods/exec")]),
        (
            "developer",
            [("create", "jobs.batch"), ("patch", "pods/ephemeralcontainers")],
            [("create", "secrets")],
        ),
        (
            "admin",
            [("create", "secrets")],
            [("get", "secrets"), ("create", "rolebindings.rbac.authorization.k8s.io")],
        ),
    ],
)
def test_a_role_may_what_it_should_and_nothing_after_the_end(
    case: Case, admin: httpx.Client, role: str, may: Any, may_not: Any
) -> None:
    group = f"purser:anti-fraud-v2:{role}"
    assert apply(case, role=role).proven
    assert all(_may(admin, *one, group=group) for one in may)
    assert not any(_may(admin, *one, group=group) for one in may_not)
    for forbidden in ("resourcequotas", "networkpolicies.networking.k8s.io", "limitranges"):
        assert not _may(admin, "patch", forbidden, group=group)
    assert remove(case).proven
    assert not any(_may(admin, *one, group=group) for one in may)


def test_tenants_cannot_write_the_list_of_their_images(tenant: Case, admin: httpx.Client) -> None:
    assert apply(tenant, role="developer").proven
    as_developer = {"Impersonate-User": "eve", "Impersonate-Group": "purser:anti-fraud-v2:developer"}
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
    assert admin.post(f"{CORE}/configmaps", json=own, headers=as_developer).status_code == 201
    patch = {"data": {"images": "reg.example/evil"}}
    headers = {**as_developer, "Content-Type": "application/merge-patch+json"}
    refused = admin.patch(f"{CORE}/configmaps/purser-images", json=patch, headers=headers)
    assert refused.status_code == 403
    assert "Purser: only Purser writes this list" in refused.text


def test_fields_of_other_managers_are_not_taken_over(case: Case, cluster: RealCluster) -> None:
    labels = {"purser.dev/adopt": "true", "pod-security.kubernetes.io/enforce": "privileged"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    cluster.apply(CORE, body)
    with pytest.raises(Permanent, match="managed by test, which Purser does not overrule"):
        apply(case)


def test_a_quota_changed_by_hand_is_put_right(tenant: Case, admin: httpx.Client) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    patch = {"spec": {"hard": {"requests.nvidia.com/gpu": "64"}}}
    admin.patch(f"{CORE}/resourcequotas/purser-quota", json=patch, headers=headers).raise_for_status()
    (seen,) = tenant.connector.observe(Scope(TARGET))
    assert seen.first("gpus") == "64"
    assert apply(tenant).proven
    assert tenant.connector.observe(Scope(TARGET))[0].first("gpus") == "4"


def test_a_secret_rewritten_by_somebody_else_is_seen(tenant: Case, admin: httpx.Client) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    patch = {"data": {".dockerconfigjson": "e30="}}
    admin.patch(f"{CORE}/secrets/purser-pull", json=patch, headers=headers).raise_for_status()
    (seen,) = tenant.connector.observe(Scope(TARGET))
    assert seen.values("amiss") == ("Secret purser-pull",)
    assert apply(tenant).proven


def test_foreign_entries_in_our_namespace_are_found_by_their_owner(
    tenant: Case, cluster: RealCluster
) -> None:
    group = RBAC.partition("/")[0]
    body = {
        "apiVersion": RBAC, "kind": "RoleBinding", "metadata": {"name": "dora"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "dora"}],
    }  # fmt: skip
    cluster.apply(f"{BINDINGS}/dora", body)
    assert isinstance(tenant.connector, Finds)
    (found,) = tenant.connector.foreign(Scope(TARGET))
    assert (found.key, found.first("seen_owner")) == (f"{NAMESPACE}/dora", "test")


@pytest.mark.journey
def test_two_hundred_tenants_are_made_looked_through_and_ended(tmp_path: Path) -> None:
    lines: list[str] = []
    with running_cluster(tmp_path) as cluster:
        allow_purser(cluster)
        measure(cluster, 200, lines.append)
    assert len(lines) == 8
