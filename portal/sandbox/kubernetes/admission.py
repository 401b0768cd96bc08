"""How the stand-in judges a pod: as the policies that Purser wrote would. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from grants.connectors.kubernetes_images import NO_RUNTIME, REFUSED, admits, repository_of
from grants.connectors.kubernetes_shared import IMAGES, TENANT
from portal.sandbox.kubernetes.state import Manifest, State

_POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
_KYVERNO = "/apis/policies.kyverno.io/v1/namespaces/{}/namespacedvalidatingpolicies/" + IMAGES
_NO_LIST = (
    "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
)


def refusal(state: State, namespace: str, pod: Manifest, *, before: Manifest | None = None) -> str:
    """Why the pod is refused; empty when it is admitted. `before`: the pod as it was, for an update."""
    spec = pod.get("spec") or {}
    account = spec.get("serviceAccountName") or "default"
    if f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}" not in state.rows:
        return f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    images = _images(spec) - (_images(before.get("spec") or {}) if before else set())
    row = state.rows.get(f"/api/v1/namespaces/{namespace}")
    if row is None or TENANT not in (row.object["metadata"].get("labels") or {}):
        return ""
    found = _by_kyverno(state, namespace) if "kyverno" in state.extras else _by_policy(state, namespace)
    if isinstance(found, str) or found is None:
        return _denied(found) if found else ""
    granted, platform, runtime = found
    refused = [one for _, _, one in sorted(images) if not admits(one, granted=granted, platform=platform)]
    if refused:
        return _denied(f"{REFUSED}: {', '.join(repository_of(one) or one for one in refused)}")
    wrong = runtime and images and spec.get("runtimeClassName") != runtime
    return _denied(f"{NO_RUNTIME} {runtime}") if wrong else ""


def _denied(why: str) -> str:
    return f"ValidatingAdmissionPolicy '{IMAGES}' with binding '{IMAGES}' denied request: {why}"


def _images(spec: Manifest) -> set[tuple[str, str, str]]:
    return set(_asked(spec))


def _asked(spec: Manifest) -> Iterator[tuple[str, str, str]]:
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for one in spec.get(kind) or []:
            yield kind, str(one.get("name")), str(one.get("image", ""))
    for one in spec.get("volumes") or []:
        if "image" in one:
            yield "volumes", str(one.get("name")), str(one["image"].get("reference", ""))


Found = tuple[set[str], tuple[str, ...], str] | str | None


def _by_policy(state: State, namespace: str) -> Found:
    """The list of the namespace, where the cluster's policy and its binding are in force."""
    if any(f"{path}/{IMAGES}" not in state.rows for path in (_POLICIES, _BINDINGS)):
        return None
    row = state.rows.get(f"/api/v1/namespaces/{namespace}/configmaps/{IMAGES}")
    if row is None:
        return _NO_LIST
    data: dict[str, Any] = row.object.get("data") or {}
    return _lines(data, "images"), tuple(sorted(_lines(data, "platform"))), str(data.get("runtimeClass", ""))


def _lines(data: dict[str, Any], name: str) -> set[str]:
    return {line for line in str(data.get(name, "")).split("\n") if line}


def _by_kyverno(state: State, namespace: str) -> Found:
    """The names written into Kyverno's policy of the namespace."""
    row = state.rows.get(_KYVERNO.format(namespace))
    if row is None:
        return None
    spec = row.object["spec"]
    texts = {one["name"]: re.findall(r"'([^']*)'", one["expression"]) for one in spec["variables"]}
    runtime = re.search(r"\|\| '([^']*)' == ''", spec["validations"][1]["expression"])
    platform = tuple(one for one in texts["platform"] if one not in ("", "/"))
    return set(texts["granted"]), platform, runtime[1] if runtime else ""
