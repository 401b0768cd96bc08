"""The official Kubernetes client, spoken to in plain dicts: paths, paging, server-side apply, our error kinds.

The client's models are left aside: they check what they send against the version they were generated from and
raise errors of their own, and a list of thousands costs seconds. Its configuration, credentials and connection
pool are used as they are. It retries by itself and has no time-out unless told: told here.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes import client

from grants.connectors.errors import (
    Conflict,
    ConnectorError,
    Malformed,
    NotFound,
    Permanent,
    Transient,
    UnknownOutcome,
)
from grants.connectors.http_rules import error_for_status, retry_after_seconds
from grants.connectors.kubernetes_shared import ADMISSION, MANAGER, RBAC, Manifest

PAGE = 2500
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "ResourceQuota": "resourcequotas",
    "LimitRange": "limitranges",
    "NetworkPolicy": "networkpolicies",
    "RoleBinding": "rolebindings",
    "ClusterRole": "clusterroles",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "NamespacedValidatingPolicy": "namespacedvalidatingpolicies",
    "LocalQueue": "localqueues",
    "ClusterStorageContainer": "clusterstoragecontainers",
    "Pod": "pods",
}
VERSIONS = {
    "NetworkPolicy": "networking.k8s.io/v1",
    "RoleBinding": RBAC,
    "ClusterRole": RBAC,
    "ValidatingAdmissionPolicy": ADMISSION,
    "ValidatingAdmissionPolicyBinding": ADMISSION,
    "NamespacedValidatingPolicy": "policies.kyverno.io/v1",
    "LocalQueue": "kueue.x-k8s.io/v1beta2",
    "ClusterStorageContainer": "serving.kserve.io/v1alpha1",
}


def collection(kind: str, namespace: str = "") -> str:
    """The path of all objects of a kind, of one namespace or of the cluster."""
    version = VERSIONS.get(kind, "v1")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{_PLURALS[kind]}" if namespace else f"{root}/{_PLURALS[kind]}"


def path_of(manifest: Manifest) -> str:
    """The path of one object."""
    meta = manifest["metadata"]
    return f"{collection(manifest['kind'], meta.get('namespace', ''))}/{meta['name']}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a dry run came to. `said`: the API server's words, of a refusal only."""

    admitted: bool
    said: str = ""


class Wire:
    """One API server. `configuration`: a `kubernetes.client.Configuration`; `timeout`: seconds for each call."""

    def __init__(self, configuration: Any, *, timeout: float = 10.0) -> None:
        configuration.retries = False
        self._api = client.ApiClient(configuration)
        self._timeout = timeout

    def get(self, path: str, *, bare: bool = False) -> Manifest | None:
        """One document; None when it is not there. `bare`: metadata only."""
        accept = _METADATA.replace("List", "") if bare else "application/json"
        status, body, headers = self._call("GET", path, query={}, accept=accept)
        if status == 404:
            return None
        return self._good("GET", path, status, body, headers)

    def items(self, path: str, *, selector: str = "", fields: str = "", bare: bool = False) -> list[Manifest]:
        """All objects of a collection, page by page; again from the start when a page has expired (410).

        `bare`: metadata only, so that no content is read. An unknown collection is an empty one.
        """
        for _ in range(3):
            found = self._pages(path, {"labelSelector": selector, "fieldSelector": fields}, bare)
            if found is not None:
                return found
        raise Transient("Kubernetes could not finish a list: its pages expired too soon.")

    def _pages(self, path: str, query: dict[str, str], bare: bool) -> list[Manifest] | None:
        found: list[Manifest] = []
        more = ""
        accept = _METADATA if bare else "application/json"
        while True:
            asked = {**query, "limit": str(PAGE), "continue": more}
            status, body, headers = self._call("GET", path, query=asked, accept=accept)
            if status == 404:
                return found
            if status == 410:
                return None
            page = self._good("GET", path, status, body, headers)
            found += page.get("items") or []
            more = (page.get("metadata") or {}).get("continue") or ""
            if not more:
                return found

    def apply(self, manifest: Manifest, *, force: bool) -> Manifest:
        """Server-side apply as `purser`. Raises Permanent naming the other manager for fields that are not ours."""
        query = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        return self._change("PATCH", path_of(manifest), manifest, query=query, kind=APPLY)

    def merge(self, path: str, body: Manifest) -> Manifest:
        """A merge patch: only what stands in it changes, None takes a field away."""
        return self._change("PATCH", path, body, query={"fieldManager": MANAGER}, kind=MERGE)

    def delete(self, path: str, *, uid: str = "") -> None:
        """Delete this very object (`uid`); already gone is fine. Raises Conflict when it is another one by now."""
        body = {"preconditions": {"uid": uid}} if uid else None
        try:
            self._change("DELETE", path, body, query={}, kind="application/json")
        except NotFound:
            return

    def try_out(self, manifest: Manifest) -> Verdict:
        """Create an object as a dry run: everything is judged, nothing is kept."""
        path = collection(manifest["kind"], manifest["metadata"].get("namespace", ""))
        status, body, headers = self._call("POST", path, query={"dryRun": "All"}, body=manifest)
        if status in (400, 403, 422):
            return Verdict(admitted=False, said=str(self._document(body).get("message", ""))[:2000])
        self._good("POST", path, status, body, headers)
        return Verdict(admitted=True)

    def _change(
        self, method: str, path: str, body: Manifest | None, *, query: dict[str, str], kind: str
    ) -> Manifest:
        status, answer, headers = self._call(method, path, query=query, body=body, kind=kind, changes=True)
        return self._good(method, path, status, answer, headers)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Manifest | None = None,
        kind: str = "application/json",
        accept: str = "application/json",
        changes: bool = False,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        headers = {"Accept": accept, **({"Content-Type": kind} if method != "GET" else {})}
        asked = [(name, value) for name, value in query.items() if value]
        with _connection_errors(changes=changes):
            ready = self._api.param_serialize(
                method,
                path,
                query_params=asked,
                header_params=headers,
                auth_settings=["BearerToken"],
                body=body,
            )
            answer = self._api.call_api(*ready, _request_timeout=(self._timeout, self._timeout))
            return int(answer.status), bytes(answer.response.data or b""), answer.headers

    def _good(self, method: str, path: str, status: int, body: bytes, headers: Mapping[str, str]) -> Manifest:
        document = self._document(body, strict=status < 300)
        if status < 300:
            return document
        raise _error(method, path, status, document, headers)

    def _document(self, body: bytes, *, strict: bool = False) -> Manifest:
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        if strict:
            raise Malformed("Kubernetes answered with something that is not a document.")
        return {}


def _error(method: str, path: str, status: int, said: Manifest, headers: Mapping[str, str]) -> ConnectorError:
    """Ours for a Status document; of its words only the names of managers are passed on."""
    reason = str(said.get("reason") or status)
    causes = (said.get("details") or {}).get("causes") or []
    about = path.removeprefix("/apis/").removeprefix("/api/")
    if any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
        wait = retry_after_seconds(headers.get("Retry-After")) or 5.0
        return Transient(
            f"Kubernetes is still deleting the namespace of {about}.", retry_after=wait, code=reason
        )
    managers = sorted({_manager(cause) for cause in causes if cause.get("reason") == "FieldManagerConflict"})
    if managers:
        names = ", ".join(managers)
        return Permanent(
            f"Kubernetes: {about} is managed by {names}, which Purser does not overrule.", code=reason
        )
    if status == 409:
        return Conflict(f"Kubernetes: {about} changed in between.", code=reason)
    changes = method != "GET"
    return error_for_status(
        status, what=f"Kubernetes ({about})", headers=headers, code=reason, changes=changes
    )


def _manager(cause: Mapping[str, Any]) -> str:
    """The other manager's name out of `conflict with "name" using v1`."""
    parts = str(cause.get("message", "")).split('"')
    return parts[1] if len(parts) > 2 else "another manager"


@contextmanager
def _connection_errors(*, changes: bool) -> Iterator[None]:
    """The client's own errors without their text: it may hold headers and bodies."""
    try:
        yield
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        raise Transient(f"Kubernetes could not be reached ({type(error).__name__}).") from None
    except (client.ApiException, urllib3.exceptions.SSLError):
        raise Permanent("The connection to Kubernetes is not trusted: check its certificates.") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        if changes:
            raise UnknownOutcome(f"Kubernetes did not confirm the change ({type(error).__name__}).") from None
        raise Transient(f"Kubernetes did not answer in full ({type(error).__name__}).") from None
