"""Webhook policies of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.sandbox.harbor import shapes
from portal.sandbox.harbor.access import Caller
from portal.sandbox.harbor.projects import PROJECT
from portal.sandbox.harbor.state import Row, State
from portal.sandbox.wire import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from portal.sandbox.harbor.app import Harbor

EVENTS = {
    "PUSH_ARTIFACT": "artifact.pushed", "PULL_ARTIFACT": "artifact.pulled", "DELETE_ARTIFACT": "artifact.deleted",
    "SCANNING_COMPLETED": "scan.completed", "SCANNING_FAILED": "scan.failed", "SCANNING_STOPPED": "scan.stopped",
    "QUOTA_EXCEED": "quota.exceeded", "QUOTA_WARNING": "quota.warned",
    "REPLICATION": "replication.status.changed", "TAG_RETENTION": "tag_retention.finished",
}  # fmt: skip
POLICIES = PROJECT + "/webhook/policies"


def add_routes(harbor: Harbor) -> None:
    """Policies of a project."""
    one = POLICIES + r"/(?P<number>\d+)"
    for method, pattern, handler, action in (
        ("GET", POLICIES, listed, "list"),
        ("POST", POLICIES, made, "create"),
        ("GET", one, read, "read"),
        ("PUT", one, changed, "update"),
        ("DELETE", one, deleted, "delete"),
    ):
        harbor.route(method, pattern, handler, right=("{project}", "notification-policy", action))


def policies_of(state: State, project: Row) -> list[Row]:
    """A project's policies."""
    return [row for row in state.policies.values() if row["project_id"] == project["project_id"]]


def listed(harbor: Harbor, caller: Caller, request: Request, project: Row) -> Response:
    """All of a project's, or the one named."""
    name = shapes.wanted(request).get("name")
    rows = [row for row in policies_of(harbor.state, project) if name in (None, row["name"])]
    return shapes.paged(request, rows)


def made(harbor: Harbor, caller: Caller, request: Request, project: Row) -> Response:
    """A new policy. Its answer has no body."""
    body = _checked(request.json())
    if any(row["name"] == body["name"] for row in policies_of(harbor.state, project)):
        raise HttpError(409, f"policy {body['name']} already exists")
    number = harbor.state.next_id()
    fixed = {"id": number, "project_id": project["project_id"], "creator": caller.name}
    harbor.state.policies[number] = {**body, **fixed, "creation_time": shapes.stamp(harbor.now)}
    return Response(201, b"", {"Location": f"{request.path}/{number}"})


def read(harbor: Harbor, caller: Caller, request: Request, project: Row, number: str) -> Response:
    """One policy, its secret header included, as Harbor does."""
    return json_response(_policy(harbor.state, project, number))


def changed(harbor: Harbor, caller: Caller, request: Request, project: Row, number: str) -> Response:
    """Replace a policy."""
    row, body = _policy(harbor.state, project, number), _checked(request.json())
    kept = {name: row[name] for name in ("id", "project_id", "creator", "creation_time")}
    harbor.state.policies[row["id"]] = {**body, **kept}
    return Response(200)


def deleted(harbor: Harbor, caller: Caller, request: Request, project: Row, number: str) -> Response:
    """No policy any more."""
    del harbor.state.policies[_policy(harbor.state, project, number)["id"]]
    return Response(200)


def _policy(state: State, project: Row, number: str) -> Row:
    row = state.policies.get(int(number))
    if row is None or row["project_id"] != project["project_id"]:
        raise HttpError(404, f"policy {number} not found")
    return row


def _checked(body: Row) -> Row:
    if not body.get("event_types") or set(body["event_types"]) - EVENTS.keys():
        raise HttpError(400, "unsupported event types")
    targets = [_target(target) for target in body.get("targets") or []]
    if not targets:
        raise HttpError(400, "empty notification target")
    return {
        "name": str(body.get("name", "")), "description": str(body.get("description", "")),
        "enabled": bool(body.get("enabled")), "event_types": body["event_types"], "targets": targets,
    }  # fmt: skip


def _target(given: Row) -> Row:
    if given.get("type") not in ("http", "slack") or not str(given.get("address", "")).startswith("http"):
        raise HttpError(400, "unsupported target")
    return {
        "type": given["type"], "address": given["address"].partition("?")[0],
        "auth_header": given.get("auth_header", ""), "skip_cert_verify": bool(given.get("skip_cert_verify")),
        "payload_format": given.get("payload_format") or "Default",
    }  # fmt: skip
