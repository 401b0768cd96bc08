"""What a cluster holds once for all tenants: three roles, one admission policy and its guard. Pure: manifests.

One policy whose list of images is a ConfigMap in each namespace, and not one policy a tenant: the API server walks
every binding for every pod, reads new policies only once a second and compiles each of them, while a changed
parameter is in force within milliseconds. So 5,000 tenants cost a pod what one does.
"""

from typing import Any

from grants.connectors.kubernetes_images import validations, variables

Manifest = dict[str, Any]
MANAGER = "purser"
MANAGED_BY = "app.kubernetes.io/managed-by"
TENANT = "purser.dev/tenant"
IMAGES = "purser-images"
GUARD = "purser-guard"
ROLES = ("viewer", "developer", "admin")
ADMISSION = "admissionregistration.k8s.io/v1"
RBAC = "rbac.authorization.k8s.io/v1"
_RBAC_GROUP = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete", "deletecollection"]
_WORK = (
    ("", ["pods", "services", "configmaps", "persistentvolumeclaims"]),
    ("apps", ["deployments", "statefulsets", "replicasets"]),
    ("batch", ["jobs", "cronjobs"]),
    ("serving.kserve.io", ["inferenceservices"]),
    ("trainer.kubeflow.org", ["trainjobs"]),
    ("kubeflow.org", ["notebooks", "pytorchjobs", "mpijobs", "tfjobs"]),
)


def role_name(role: str) -> str:
    """The ClusterRole that a role of a grant is bound to."""
    return f"purser:{role}"


def shared_objects(*, own_policy: bool = True) -> list[Manifest]:
    """Everything, in the order to apply it: the guard before what it guards.

    Without `own_policy` (another policy engine judges pods), the admission policy is left out.
    """
    policies = [*_policy(_guard()), *(_policy(_admission()) if own_policy else [])]
    return [*(_role(role) for role in ROLES), *policies]


def mark(manifest: Manifest) -> Manifest:
    """The manifest with our label."""
    meta = manifest["metadata"]
    meta["labels"] = {MANAGED_BY: MANAGER, **meta.get("labels", {})}
    return manifest


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


def _role(role: str) -> Manifest:
    body = {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": role_name(role)}}
    return mark({**body, "rules": _rules(role)})


def _rules(role: str) -> list[Manifest]:
    """Viewers read (no secrets), developers run and write, administrators also manage accounts and secrets.

    Nobody changes bindings, quotas or network policies: those are Purser's.
    """
    # Endpoints are never written: through them traffic reaches other namespaces (CVE-2021-25740).
    seen = [
        "resourcequotas",
        "limitranges",
        "serviceaccounts",
        "pods/log",
        "pods/status",
        "events",
        "endpoints",
    ]
    rules = [_rule([group], kinds, _READ) for group, kinds in _WORK]
    rules += [_rule([""], seen, _READ), _rule(["kueue.x-k8s.io"], ["localqueues", "workloads"], _READ)]
    if role in ("developer", "admin"):
        rules += [_rule([group], kinds, _WRITE) for group, kinds in _WORK]
        rules += [
            _rule([""], ["pods/exec", "pods/attach", "pods/portforward"], ["get", "create"]),
            _rule([""], ["pods/ephemeralcontainers"], ["patch", "update"]),
        ]
    if role == "admin":
        rules += [
            _rule([""], ["secrets", "serviceaccounts"], _WRITE),
            _rule(["networking.k8s.io"], ["ingresses"], [*_READ, *_WRITE]),
        ]
    return rules


def own_access() -> Manifest:
    """The ClusterRole that Purser's own identity needs; an operator applies it once.

    `escalate` and `bind` reach only the three roles of ours, `manage` is what the guard asks for.
    """
    every, named = ["get", "list", "create", "patch", "delete"], [role_name(role) for role in ROLES]
    kinds = ["serviceaccounts", "secrets", "configmaps", "resourcequotas", "limitranges"]
    policies = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]
    roles = {**_rule([_RBAC_GROUP], ["clusterroles"], ["get", "create", "patch", "escalate", "bind"])}
    own = {**_rule([ADMISSION.partition("/")[0]], policies, ["get", "create", "patch"])}
    rules = [
        _rule([""], ["namespaces"], ["get", "list", "create", "patch"]),
        _rule([""], kinds, every),
        _rule(["networking.k8s.io"], ["networkpolicies"], every),
        _rule([_RBAC_GROUP], ["rolebindings"], every),
        {**roles, "resourceNames": named},
        {**own, "resourceNames": [IMAGES, GUARD]},
        _rule([""], ["pods"], ["create"]),
        _rule(["purser.dev"], ["tenants"], ["manage"]),
        _rule(["kueue.x-k8s.io"], ["localqueues"], every),
        _rule(["policies.kyverno.io"], ["namespacedvalidatingpolicies"], every),
        _rule(["serving.kserve.io"], ["clusterstoragecontainers"], every),
    ]
    body = {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": "purser-connector"}}
    return {**body, "rules": rules}


def in_tenants() -> Manifest:
    """The selector of the namespaces that are tenants."""
    return {"matchExpressions": [{"key": TENANT, "operator": "Exists"}]}


def _policy(spec: Manifest) -> list[Manifest]:
    """A policy and its binding to all tenants."""
    name, binding = spec.pop("name"), spec.pop("binding")
    policy = {"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}}
    bound = {"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}}
    where = {"namespaceSelector": in_tenants(), "objectSelector": {}, "matchPolicy": "Equivalent"}
    return [
        mark({**policy, "spec": {"failurePolicy": "Fail", **spec}}),
        mark(
            {
                **bound,
                "spec": {
                    "policyName": name,
                    "validationActions": ["Deny"],
                    "matchResources": where,
                    **binding,
                },
            }
        ),
    ]


def pod_rules() -> list[Manifest]:
    """The requests that can bring an image into a namespace."""
    base = {"apiGroups": [""], "apiVersions": ["v1"], "scope": "Namespaced"}
    return [
        {**base, "resources": ["pods"], "operations": ["CREATE", "UPDATE"]},
        {**base, "resources": ["pods/ephemeralcontainers"], "operations": ["UPDATE"]},
    ]


def _admission() -> Manifest:
    return {
        "name": IMAGES,
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": {"resourceRules": pod_rules()},
        "variables": variables(
            "params.data.images.split('\\n')", "params.data.platform.split('\\n').filter(p, p != '')"
        ),
        "validations": validations("params.data.runtimeClass"),
        "binding": {"paramRef": {"name": IMAGES, "parameterNotFoundAction": "Deny"}},
    }


def _guard() -> Manifest:
    """Nobody but Purser writes the list of images: tenants may write ConfigMaps, but not this one.

    Deleting it is harmless: without a list, nothing is admitted.
    """
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "scope": "Namespaced",
        "resources": ["configmaps"],
        "resourceNames": [IMAGES],
        "operations": ["CREATE", "UPDATE"],
    }
    allowed = "authorizer.group('purser.dev').resource('tenants').check('manage').allowed()"
    refusal = {
        "expression": allowed,
        "message": "Purser: only Purser writes this list",
        "reason": "Forbidden",
    }
    return {
        "name": GUARD,
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [refusal],
        "binding": {},
    }
