"""Projects, their members and their quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.sandbox.harbor import shapes
from portal.sandbox.harbor.access import Caller
from portal.sandbox.harbor.state import Row, State
from portal.sandbox.wire import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from portal.sandbox.harbor.app import Harbor

PROJECT = r"/projects/(?P<project>[^/]+)"
ROLES = {1: "projectAdmin", 2: "developer", 3: "guest", 4: "maintainer", 5: "limitedGuest"}


def add_routes(harbor: Harbor) -> None:
    """Projects, members, quotas."""
    for method, pattern, handler, right in (
        ("GET", "/projects", listed, ("/", "project", "list")),
        ("POST", "/projects", made, ("/", "project", "create")),
        ("GET", PROJECT, read, ("{project}", "project", "read")),
        ("DELETE", PROJECT, deleted, ("{project}", "project", "delete")),
        ("GET", PROJECT + "/members", members, ("{project}", "member", "list")),
        ("POST", PROJECT + "/members", member_made, ("{project}", "member", "create")),
        ("PUT", PROJECT + r"/members/(?P<number>\d+)", member_changed, ("{project}", "member", "update")),
        ("DELETE", PROJECT + r"/members/(?P<number>\d+)", member_deleted, ("{project}", "member", "delete")),
        ("GET", "/quotas", quotas, ("/", "quota", "list")),
        ("PUT", r"/quotas/(?P<number>\d+)", quota_changed, ("/", "quota", "update")),
    ):
        harbor.route(method, pattern, handler, right=right)


def project_at(state: State, request: Request, given: str) -> Row:
    """The project a path names. A number is an id, unless the header says that it is a name. Raises HttpError 404."""
    by_name = request.headers.get("x-is-resource-name", "").lower() == "true" or not given.isdigit()
    for row in state.projects.values():
        if given == (row["name"] if by_name else str(row["project_id"])):
            return row
    raise HttpError(404, f"project {given} not found")


def add_project(state: State, name: str, *, limit: int = -1, public: bool = False, now: float = 0.0) -> Row:
    """A new project and its quota. Raises HttpError 409."""
    if any(row["name"] == name for row in state.projects.values()):
        raise HttpError(409, f"The project named {name} already exists")
    metadata = {"public": "true" if public else "false"}
    number = state.next_id()
    row = {"project_id": number, "name": name, "metadata": metadata, "creation_time": shapes.stamp(now)}
    state.projects[number] = row
    quota = state.next_id()
    state.quotas[quota] = {
        "id": quota, "ref": {"id": number, "name": name}, "hard": {"storage": limit}, "used": {"storage": 0},
    }  # fmt: skip
    return row


def listed(harbor: Harbor, caller: Caller, request: Request) -> Response:
    """All projects, or the one named."""
    name = request.arg("name") or shapes.wanted(request).get("name", "")
    rows = [row for row in harbor.state.projects.values() if not name or name in row["name"]]
    return shapes.paged(request, [_shown(harbor.state, row) for row in rows])


def made(harbor: Harbor, caller: Caller, request: Request) -> Response:
    """A new project."""
    body = request.json()
    metadata = body.get("metadata") or {}
    if not all(isinstance(value, str) for value in metadata.values()):
        raise HttpError(422, "metadata values are strings")
    limit, public = int(body.get("storage_limit", -1)), metadata.get("public") == "true"
    row = add_project(harbor.state, body["project_name"], limit=limit, public=public, now=harbor.now)
    return Response(201, b"", {"Location": f"{request.path}/{row['project_id']}"})


def read(harbor: Harbor, caller: Caller, request: Request, project: Row) -> Response:
    """One project."""
    return json_response(_shown(harbor.state, project))


def deleted(harbor: Harbor, caller: Caller, request: Request, project: Row) -> Response:
    """Gone, if nothing is in it."""
    if any(row["project_id"] == project["project_id"] for row in harbor.state.artifacts.values()):
        raise HttpError(412, f"the project {project['name']} contains repositories")
    del harbor.state.projects[project["project_id"]]
    return Response(200)


def members(harbor: Harbor, caller: Caller, request: Request, project: Row) -> Response:
    """The people and groups of a project."""
    return shapes.paged(request, _members(harbor.state, project))


def member_made(harbor: Harbor, caller: Caller, request: Request, project: Row) -> Response:
    """A new member: a person or a group."""
    body = request.json()
    person, group = body.get("member_user") or {}, body.get("member_group") or {}
    name, kind = (group.get("group_name"), "g") if group else (person.get("username"), "u")
    if not name or body.get("role_id") not in ROLES:
        raise HttpError(400, "invalid member")
    if any(
        (row["entity_name"], row["entity_type"]) == (name, kind) for row in _members(harbor.state, project)
    ):
        raise HttpError(409, f"{name} is already a member")
    row = add_member(harbor.state, project, name, kind=kind, role=body["role_id"])
    return Response(201, b"", {"Location": f"{request.path}/{row['id']}"})


def add_member(state: State, project: Row, name: str, *, kind: str = "u", role: int = 3) -> Row:
    """A person (`u`) or group (`g`) in a project."""
    row = {
        "id": state.next_id(), "project_id": project["project_id"], "entity_name": name, "entity_type": kind,
        "role_id": role, "role_name": ROLES[role],
    }  # fmt: skip
    state.members[row["id"]] = row
    return row


def member_changed(harbor: Harbor, caller: Caller, request: Request, project: Row, number: str) -> Response:
    """Another role."""
    role = request.json().get("role_id")
    if role not in ROLES:
        raise HttpError(400, "invalid role")
    row = _member(harbor.state, project, number)
    harbor.state.members[row["id"]] = {**row, "role_id": role, "role_name": ROLES[role]}
    return Response(200)


def member_deleted(harbor: Harbor, caller: Caller, request: Request, project: Row, number: str) -> Response:
    """No member any more."""
    del harbor.state.members[_member(harbor.state, project, number)["id"]]
    return Response(200)


def quotas(harbor: Harbor, caller: Caller, request: Request) -> Response:
    """The quotas, or that of one project (`reference=project&reference_id=…`)."""
    wanted = request.arg("reference_id")
    rows = [row for row in harbor.state.quotas.values() if not wanted or str(row["ref"]["id"]) == wanted]
    return shapes.paged(request, rows)


def quota_changed(harbor: Harbor, caller: Caller, request: Request, number: str) -> Response:
    """Other limits: all of them, as in Harbor."""
    row, hard = harbor.state.quotas.get(int(number)), request.json().get("hard")
    if row is None:
        raise HttpError(404, f"quota {number} not found")
    if not isinstance(hard, dict) or not isinstance(hard.get("storage"), int):
        raise HttpError(400, "invalid hard limits")
    harbor.state.quotas[row["id"]] = {**row, "hard": hard}
    return Response(200)


def _members(state: State, project: Row) -> list[Row]:
    return [row for row in state.members.values() if row["project_id"] == project["project_id"]]


def _member(state: State, project: Row, number: str) -> Row:
    row = state.members.get(int(number))
    if row is None or row["project_id"] != project["project_id"]:
        raise HttpError(404, f"member {number} not found")
    return row


def _shown(state: State, row: Row) -> Row:
    names = {a["repository"] for a in state.artifacts.values() if a["project_id"] == row["project_id"]}
    return {**row, "repo_count": len(names)}
