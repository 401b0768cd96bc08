"""What needs the real controllers beside the real API server: quotas in force, namespaces deleted by their owner."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from grants.connectors.base import Change, Entry, Holder, Holding, Place
from grants.connectors.errors import Transient
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_objects import Abilities, active
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import ADMISSION
from grants.connectors.tests.contract import NOW
from grants.connectors.tests.real_kubernetes import RealCluster, allow_purser, running_cluster

pytestmark = pytest.mark.enable_loopback

OPTIONS = KubernetesOptions()
GPU = "nvidia.com/gpu"
IMAGE = "reg.example/fraud/train"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), controllers=True) as found:
        allow_purser(found)
        yield found


@pytest.fixture
def http(cluster: RealCluster) -> Iterator[httpx.Client]:
    with cluster.http() as found:
        yield found


@pytest.fixture
def connector(cluster: RealCluster) -> KubernetesConnector:
    return KubernetesConnector(target="real", configuration=cluster.configuration(), options=OPTIONS)


def tenant(name: str) -> Entry:
    people = (Holder("person:1", "alice@example.com"),)
    given = Holding(1, name, "fraud", "developer", people, (IMAGE,), NOW, namespace=name, gpus=4)
    entry = KubernetesLayout(target="real", options=OPTIONS).entry(Place("tenant", name), [given])
    assert entry is not None
    return entry


def pod(http: httpx.Client, namespace: str, *, gpus: int = 0, image: str = IMAGE) -> httpx.Response:
    limits = {"limits": {GPU: str(gpus)}} if gpus else {}
    spec = {
        "serviceAccountName": "purser-pull",
        "containers": [{"name": "a", "image": image, "resources": limits}],
    }
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial"}, "spec": spec}
    return http.post(f"/api/v1/namespaces/{namespace}/pods", json=body, params={"dryRun": "All"})


def eventually(ask: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """The first true answer; controllers work beside us."""
    until = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_gpus_are_limited_to_the_projects_quota(connector: KubernetesConnector, http: httpx.Client) -> None:
    assert connector.apply(Change("apply", tenant("quota"))).proven
    path = "/api/v1/namespaces/quota/resourcequotas/purser-quota"
    assert eventually(lambda: "used" in http.get(path).json().get("status", {}))
    assert pod(http, "quota", gpus=4).status_code == 201
    refused = pod(http, "quota", gpus=5)
    assert refused.status_code == 403
    assert "exceeded quota: purser-quota" in refused.text
    assert connector.remove(Change("remove", tenant("quota"))).proven
    assert "Purser: not granted" in pod(http, "quota").text


def test_a_namespace_being_deleted_is_waited_for_and_made_again(
    connector: KubernetesConnector, cluster: RealCluster, http: httpx.Client
) -> None:
    assert connector.apply(Change("apply", tenant("gone"))).proven
    stuck = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stuck", "finalizers": ["test/hold"]},
    }
    http.post("/api/v1/namespaces/gone/configmaps", json=stuck).raise_for_status()
    http.delete("/api/v1/namespaces/gone").raise_for_status()
    with pytest.raises(Transient, match="still deleting the namespace gone"):
        connector.apply(Change("apply", tenant("gone")))
    headers = {"Content-Type": "application/merge-patch+json"}
    free = {"metadata": {"finalizers": None}}
    http.patch("/api/v1/namespaces/gone/configmaps/stuck", json=free, headers=headers).raise_for_status()
    assert eventually(lambda: http.get("/api/v1/namespaces/gone").status_code == 404)
    assert connector.remove(Change("remove", tenant("gone"))).proven
    assert connector.apply(Change("apply", tenant("gone"))).proven


def test_the_rule_written_for_kyverno_judges_as_the_servers_own(
    cluster: RealCluster, http: httpx.Client
) -> None:
    """Kyverno itself is not run here, but its CEL is the API server's: the same rule as a policy of the latter."""
    (written,) = [
        one
        for one in active(tenant("kyverno"), OPTIONS, Abilities(kyverno=True))
        if one["kind"] == "NamespacedValidatingPolicy"
    ]
    spec = {key: value for key, value in written["spec"].items() if key != "validationActions"}
    root = f"/apis/{ADMISSION}"
    body = {"apiVersion": ADMISSION, "metadata": {"name": "as-kyverno"}}
    path = f"{root}/validatingadmissionpolicies/as-kyverno"
    cluster.apply(path, {**body, "kind": "ValidatingAdmissionPolicy", "spec": spec})
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kyverno"}}}
    bound = {"policyName": "as-kyverno", "validationActions": ["Deny"], "matchResources": where}
    path = f"{root}/validatingadmissionpolicybindings/as-kyverno"
    cluster.apply(path, {**body, "kind": "ValidatingAdmissionPolicyBinding", "spec": bound})
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kyverno"}}
    cluster.apply("/api/v1/namespaces/kyverno", namespace)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "purser-pull"}}
    cluster.apply("/api/v1/namespaces/kyverno/serviceaccounts/purser-pull", account)
    evil = "reg.example/fraud/train-evil"
    assert eventually(lambda: "Purser: not granted" in pod(http, "kyverno", image=evil).text)
    assert pod(http, "kyverno", image=f"{IMAGE}:1").status_code == 201
