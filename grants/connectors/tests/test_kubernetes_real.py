"""The Kubernetes connector against a real kube-apiserver: the contract, with faults in between."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from kubernetes.client import Configuration

from grants.connectors.base import Entry
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import RBAC
from grants.connectors.tests.contract import TARGET, Case, LayoutContract
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
            pull_secret=robots.make, retire=robots.retire, now=robots.now, timeout=1.5,
        )  # fmt: skip
        layout = KubernetesLayout(target=TARGET, options=options)
        yield Case(
            connector, layout, schedule, IMAGES,
            truth=oracle.truth, undo=oracle.undo, foreign=oracle.foreign,
        )  # fmt: skip


class TestKubernetesContractReal(LayoutContract):
    """The contract on a real API server, by an identity with the documented rights only."""
