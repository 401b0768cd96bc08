"""A connector beside the stand-in for Kubernetes, as the tests of both need it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes.client import Configuration

from grants.connectors.base import Change, Entry, Outcome, Place
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import RBAC
from grants.connectors.tests.contract import TARGET, Case, holding
from grants.connectors.tests.kubernetes_credentials import Robots
from portal.sandbox.kubernetes.access import allowed
from portal.sandbox.kubernetes.admission import refusal
from portal.sandbox.kubernetes.app import Kubernetes
from portal.sandbox.kubernetes.applying import applied, merged
from portal.sandbox.kubernetes.state import Row
from portal.sandbox.standin import running

IMAGES = ("reg.example/fraud/train", "reg.example/fraud/serve", "docker.io/library/alpine")
NAMESPACE = "anti-fraud-v2"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
BINDINGS = f"/apis/{RBAC}/namespaces/{NAMESPACE}/rolebindings"
_RIGHTS = {"viewer": ("get", "pods/log"), "developer": ("create", "pods"), "admin": ("create", "secrets")}


@dataclass
class Bench:
    """The stand-in, the connector's case and the credentials it was given. `namespace`: the one it is about."""

    app: Kubernetes
    case: Case
    robots: Robots
    options: KubernetesOptions
    url: str
    namespace: str = NAMESPACE

    @property
    def core(self) -> str:
        """The path of the namespace."""
        return f"/api/v1/namespaces/{self.namespace}"

    @property
    def bindings(self) -> str:
        """The path of its role bindings."""
        return f"/apis/{RBAC}/namespaces/{self.namespace}/rolebindings"

    def connect(self) -> KubernetesConnector:
        """The connector of a process that remembers nothing."""
        return KubernetesConnector(
            target=TARGET, configuration=Configuration(host=self.url), options=self.options,
            credentials=self.robots.credentials,
            now=self.robots.now, timeout=0.5, patience=0.05,
        )  # fmt: skip

    def apply(self, **fields: Any) -> Outcome:
        """Bring the tenant to one holding."""
        return self.case.connector.apply(Change("apply", self.entry(**fields)))

    def entry(self, **fields: Any) -> Entry:
        found = self.case.layout.entry(Place("tenant", self.namespace), [holding(self.case, **fields)])
        assert found is not None
        return found

    def remove(self) -> Outcome:
        return self.case.connector.remove(
            Change("remove", self.case.layout.empty(Place("tenant", self.namespace)))
        )

    def object(self, path: str) -> dict[str, Any]:
        """An object of the namespace, or an empty one."""
        row = self.app.state.rows.get(path if path.startswith("/") else f"{self.core}/{path}")
        return row.object if row else {}

    def put(self, path: str, manifest: dict[str, Any], *, manager: str = "kubectl") -> None:
        """Somebody else applies something."""
        row = applied(self.app.state.rows.get(path), manifest, manager=manager, force=True)
        namespace = (
            path.split("/namespaces/")[1].split("/", maxsplit=1)[0] if path.count("/namespaces/") else None
        )
        space = namespace if path.count("/") > 4 else None
        self.app.state.rows[path] = Row(self.app._completed(path, row.object, space), row.managers)

    def unlabel(self, *names: str) -> None:
        """Somebody takes labels off the namespace."""
        row = self.app.state.rows[self.core]
        labels: dict[str, Any] = dict.fromkeys(names)
        self.app.state.rows[self.core] = merged(row, {"metadata": {"labels": labels}}, manager="kubectl")

    def admitted(self, image: str, **spec: Any) -> bool:
        body = {"serviceAccountName": "purser-pull", "containers": [{"name": "a", "image": image}], **spec}
        return not refusal(self.app.state, self.namespace, {"spec": body})

    def may(self, role: str, subject: str) -> bool:
        verb, resource = _RIGHTS[role]
        resource, _, sub = resource.partition("/")
        asked = {
            "verb": verb,
            "resource": resource,
            "subresource": sub,
            "group": "",
            "namespace": self.namespace,
        }
        who = {"groups": [subject]} if self.options.subjects == "group" else {"user": subject}
        return allowed(self.app.state, {"resourceAttributes": asked, **who})

    def truth(self, entry: Entry) -> bool:
        runtime = {"runtimeClassName": self.options.runtime_class} if entry.first("confidential") else {}
        hard = self.object("resourcequotas/purser-quota").get("spec", {}).get("hard", {})
        return (
            hard.get("requests.nvidia.com/gpu") == entry.first("gpus")
            and all(self.admitted(f"{image}:1", **runtime) for image in entry.values("image"))
            and all(
                self.may(role, one) for role in ("viewer", "developer", "admin") for one in entry.values(role)
            )
            and bool(self.object("secrets/purser-pull"))
        )

    def undo(self, entry: Entry) -> None:
        del self.app.state.rows[f"{self.bindings}/purser-viewer"]

    def foreign(self) -> list[Any]:
        return [row for path, row in sorted(self.app.state.rows.items()) if "/other" in path]


@contextmanager
def bench(*, extras: tuple[str, ...] = (), **options: Any) -> Iterator[Bench]:
    """A connector with these options beside a stand-in with these systems installed."""
    chosen, robots, app = KubernetesOptions.read(options), Robots(), Kubernetes(extras=extras)
    with running(app) as url:
        layout = KubernetesLayout(target=TARGET, options=chosen)
        made = Bench(app, None, robots, chosen, url)  # type: ignore[arg-type]
        made.case = Case(
            made.connect(),
            layout,
            app.schedule,
            IMAGES,
            truth=made.truth,
            undo=made.undo,
            foreign=made.foreign,
        )
        made.put(
            "/api/v1/namespaces/other",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}},
        )
        made.put(
            "/api/v1/namespaces/other/configmaps/purser-images",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "purser-images"},
                "data": {"images": "x"},
            },
        )
        yield made
