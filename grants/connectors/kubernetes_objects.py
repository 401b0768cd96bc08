"""What one tenant consists of in its namespace, in use and held. Pure: manifests for server-side apply.

Field names: the Kubernetes API reference of 1.36; Kueue v1beta2; Kyverno policies v1; KServe v1alpha1.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grants.connectors.base import Entry
from grants.connectors.kubernetes_images import quoted, validations, variables
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import (
    IMAGES,
    MANAGED_BY,
    MANAGER,
    RBAC,
    ROLES,
    TENANT,
    Manifest,
    pod_rules,
    role_name,
)

STATE, HELD_UNTIL = "purser.dev/state", "purser.dev/held-until"
PROJECT, TEAM, LAST_IMAGE = "purser.dev/project", "purser.dev/team", "purser.dev/last-image"
ADOPT = "purser.dev/adopt"
ACTIVE, HELD = "active", "held"
ACCOUNT = "purser-pull"
QUOTA, LIMITS, NETWORK, QUEUE = "purser-quota", "purser-limits", "purser-default-deny", "purser"
KUEUE, KYVERNO, KSERVE = "kueue.x-k8s.io/v1beta2", "policies.kyverno.io/v1", "serving.kserve.io/v1alpha1"
_SUBJECTS = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Abilities:
    """Which of the optional systems the cluster has, by their CRDs."""

    kyverno: bool = False
    kueue: bool = False
    kserve: bool = False


def binding_name(role: str) -> str:
    """The RoleBinding of a role in a tenant."""
    return f"purser-{role}"


def active(entry: Entry, options: KubernetesOptions, abilities: Abilities) -> list[Manifest]:
    """The tenant in use, in the order to apply it: what restricts comes before what gives."""
    runtime = options.runtime_class if entry.first("confidential") else ""
    gpus = int(entry.first("gpus", "0"))
    names = {PROJECT: entry.first("project"), TEAM: entry.first("team")}
    images = tuple(sorted(entry.values("image")))
    return [
        _namespace(entry.key, options, {STATE: ACTIVE, **names}),
        _limits(entry.key, options),
        _quota(entry.key, options, gpus=gpus, pods=options.pods),
        _network(entry.key, options),
        _images(entry.key, images, options, runtime=runtime, last=images[0] if images else ""),
        *([_kyverno(entry.key, images, options, runtime)] if abilities.kyverno else []),
        _account(entry.key, ACTIVE),
        *_queue(entry.key, options, abilities, "None"),
        *(_storage(entry.key, options, abilities) if runtime else []),
        *(_binding(entry, role, options) for role in ROLES if entry.values(role)),
    ]


def held(
    namespace: str,
    options: KubernetesOptions,
    abilities: Abilities,
    *,
    project: str,
    last: str,
    until: datetime,
) -> list[Manifest]:
    """The tenant after the end, in the order to apply it: first of all nothing is admitted any more.

    The mark of the project stays: its data is still there, and is no other project's to read.
    """
    kept = {STATE: HELD, HELD_UNTIL: until.isoformat(timespec="seconds"), PROJECT: project}
    return [
        _images(namespace, (), options, runtime="", last=last),
        *([_kyverno(namespace, (), options, "")] if abilities.kyverno else []),
        _quota(namespace, options, gpus=0, pods=0),
        *_queue(namespace, options, abilities, "HoldAndDrain"),
        _account(namespace, HELD),
        _limits(namespace, options),
        _network(namespace, options),
        _namespace(namespace, options, kept),
    ]


def _manifest(version: str, kind: str, name: str, namespace: str, **body: Any) -> Manifest:
    meta: dict[str, Any] = {"name": name, "labels": {MANAGED_BY: MANAGER, TENANT: namespace}}
    if "annotations" in body:
        meta["annotations"] = body.pop("annotations")
    if kind not in ("Namespace", "ClusterStorageContainer"):
        meta["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": meta, **body}


def _namespace(name: str, options: KubernetesOptions, annotations: dict[str, str]) -> Manifest:
    """Pod security is set on it; its own name is its tenant's mark, by which policies find it."""
    found = _manifest("v1", "Namespace", name, name, annotations=annotations)
    level = "pod-security.kubernetes.io"
    found["metadata"]["labels"] |= {
        STATE: annotations[STATE],
        f"{level}/enforce": options.pod_security,
        f"{level}/enforce-version": "latest",
    }
    return found


def _limits(namespace: str, options: KubernetesOptions) -> Manifest:
    default = dict(options.container_default)
    limit: Manifest = {"type": "Container", "default": default, "defaultRequest": dict(default)}
    if options.container_max:
        limit["max"] = dict(options.container_max)
    return _manifest("v1", "LimitRange", LIMITS, namespace, spec={"limits": [limit]})


def _quota(namespace: str, options: KubernetesOptions, *, gpus: int, pods: int) -> Manifest:
    """Extended resources such as GPUs can only be limited by their requests."""
    hard = {**dict(options.quota), f"requests.{options.gpu_resource}": str(gpus), "pods": str(pods)}
    return _manifest("v1", "ResourceQuota", QUOTA, namespace, spec={"hard": hard})


def _network(namespace: str, options: KubernetesOptions) -> Manifest:
    """Nothing in, nothing out but names; optionally the tenant's own pods among each other."""
    own: Manifest = {"podSelector": {}}
    dns: list[Manifest] = [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": options.dns_namespace}},
            "podSelector": {"matchLabels": {"k8s-app": options.dns_app}},
        }
    ]
    if options.dns_address:
        dns.append(
            {"ipBlock": {"cidr": f"{options.dns_address}/{128 if ':' in options.dns_address else 32}"}}
        )
    ports = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    spec: Manifest = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    spec["egress"] = [{"to": dns, "ports": ports}]
    if options.same_namespace:
        spec["egress"].append({"to": [own]})
        spec["ingress"] = [{"from": [own]}]
    return _manifest("networking.k8s.io/v1", "NetworkPolicy", NETWORK, namespace, spec=spec)


def _images(
    namespace: str, images: tuple[str, ...], options: KubernetesOptions, *, runtime: str, last: str
) -> Manifest:
    """The list that the cluster's policy reads. After the end the platform's own images go as well."""
    platform = options.platform_images if images else ()
    data = {"images": "\n".join(images), "platform": "\n".join(platform), "runtimeClass": runtime}
    return _manifest("v1", "ConfigMap", IMAGES, namespace, annotations={LAST_IMAGE: last}, data=data)


def _kyverno(namespace: str, images: tuple[str, ...], options: KubernetesOptions, runtime: str) -> Manifest:
    """The same rule for Kyverno, with the names written into it."""
    listed = f"[{', '.join(quoted(image) for image in images)}]" if images else "['']"
    platform = options.platform_images if images else ()
    prefixes = f"[{', '.join(quoted(one) for one in platform)}].filter(p, p != '')" if platform else "['/']"
    spec = {
        "validationActions": ["Deny"],
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": pod_rules()},
        "variables": variables(listed, prefixes),
        "validations": validations(quoted(runtime)),
    }
    return _manifest(KYVERNO, "NamespacedValidatingPolicy", IMAGES, namespace, spec=spec)


def _account(namespace: str, state: str) -> Manifest:
    secrets = [{"name": ACCOUNT}] if state == ACTIVE else []
    body: Manifest = {"automountServiceAccountToken": False, "imagePullSecrets": secrets}
    return _manifest("v1", "ServiceAccount", ACCOUNT, namespace, annotations={STATE: state}, **body)


def _queue(namespace: str, options: KubernetesOptions, abilities: Abilities, stop: str) -> list[Manifest]:
    if not (abilities.kueue and options.cluster_queue):
        return []
    spec = {"clusterQueue": options.cluster_queue, "stopPolicy": stop}
    return [_manifest(KUEUE, "LocalQueue", QUEUE, namespace, spec=spec)]


def storage_name(namespace: str) -> str:
    """The cluster-wide storage container of a confidential tenant."""
    return f"purser-{namespace}"


def _storage(namespace: str, options: KubernetesOptions, abilities: Abilities) -> list[Manifest]:
    """How KServe fetches a confidential project's models: by the image that can decrypt them."""
    if not (abilities.kserve and options.storage_image and options.storage_prefix):
        return []
    spec = {
        "container": {"name": "storage-initializer", "image": options.storage_image},
        "supportedUriFormats": [{"prefix": f"{options.storage_prefix}{namespace}/"}],
        "workloadType": "initContainer",
    }
    return [_manifest(KSERVE, "ClusterStorageContainer", storage_name(namespace), namespace, spec=spec)]


def _binding(entry: Entry, role: str, options: KubernetesOptions) -> Manifest:
    kind = "Group" if options.subjects == "group" else "User"
    names = sorted(entry.values(role))
    subjects = [{"kind": kind, "name": name, "apiGroup": _SUBJECTS} for name in names]
    ref = {"apiGroup": _SUBJECTS, "kind": "ClusterRole", "name": role_name(role)}
    return _manifest(RBAC, "RoleBinding", binding_name(role), entry.key, subjects=subjects, roleRef=ref)


def probe_pod(namespace: str, image: str, *, runtime: str) -> Manifest:
    """The smallest pod of all pod security levels: it is only ever created as a dry run."""
    container = {
        "name": "probe",
        "image": image,
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec: Manifest = {"serviceAccountName": ACCOUNT, "containers": [container]}
    if runtime:
        spec["runtimeClassName"] = runtime
    return _manifest("v1", "Pod", "purser-probe", namespace, spec=spec)
