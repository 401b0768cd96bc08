"""Who may do what by the roles and bindings that are there: the answer to a SubjectAccessReview. Pure."""

from collections.abc import Iterator
from typing import Any

from portal.sandbox.kubernetes.state import Manifest, State

_RBAC = "/apis/rbac.authorization.k8s.io/v1"


def allowed(state: State, review: Manifest) -> bool:
    """Whether the user or one of the groups of the review has a rule for what it asks."""
    asked = review.get("resourceAttributes") or {}
    user, groups = str(review.get("user", "")), {str(one) for one in review.get("groups") or []}
    return any(
        _fits(rule, asked)
        for binding in _bindings(state, str(asked.get("namespace", "")))
        if any(_is(subject, user, groups) for subject in binding.get("subjects") or [])
        for rule in _rules(state, binding)
    )


def _bindings(state: State, namespace: str) -> Iterator[Manifest]:
    paths = [f"{_RBAC}/clusterrolebindings/"]
    if namespace:
        paths.append(f"{_RBAC}/namespaces/{namespace}/rolebindings/")
    for path in paths:
        for _, row in state.below(path):
            yield row.object


def _is(subject: dict[str, Any], user: str, groups: set[str]) -> bool:
    name = subject.get("name")
    if subject.get("kind") == "ServiceAccount":
        return user == f"system:serviceaccount:{subject.get('namespace')}:{name}"
    return name == user if subject.get("kind") == "User" else name in groups


def _rules(state: State, binding: Manifest) -> list[dict[str, Any]]:
    ref = binding["roleRef"]
    place = "clusterroles" if ref["kind"] == "ClusterRole" else _of_namespace(binding)
    row = state.rows.get(f"{_RBAC}/{place}/{ref['name']}")
    return list(row.object.get("rules") or []) if row else []


def _of_namespace(binding: Manifest) -> str:
    return f"namespaces/{binding['metadata'].get('namespace', '')}/roles"


def _fits(rule: dict[str, Any], asked: dict[str, Any]) -> bool:
    resource = str(asked.get("resource", ""))
    if asked.get("subresource"):
        resource = f"{resource}/{asked['subresource']}"
    wanted = (
        ("apiGroups", asked.get("group", "")),
        ("resources", resource),
        ("verbs", asked.get("verb", "")),
    )
    named = rule.get("resourceNames") or []
    return all({one, "*"} & set(rule.get(part) or []) for part, one in wanted) and (
        not named or asked.get("name") in named
    )
