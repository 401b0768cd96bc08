"""Robots: made with a secret shown once, changed as a whole, ended by days counted from their making."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from portal.sandbox.harbor import shapes
from portal.sandbox.harbor.access import Caller, rights_of
from portal.sandbox.harbor.state import Row, State
from portal.sandbox.wire import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from portal.sandbox.harbor.app import Harbor

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
DAY = 86_400


def add_routes(harbor: Harbor) -> None:
    """Robots of the system and of projects."""
    for method, pattern, handler, action in (
        ("GET", "/robots", listed, "list"),
        ("POST", "/robots", made, "create"),
        ("GET", r"/robots/(?P<number>\d+)", read, "read"),
        ("PUT", r"/robots/(?P<number>\d+)", changed, "update"),
        ("PATCH", r"/robots/(?P<number>\d+)", refreshed, "update"),
        ("DELETE", r"/robots/(?P<number>\d+)", deleted, "delete"),
    ):
        harbor.route(method, pattern, handler, right=("/", "robot", action))


def listed(harbor: Harbor, caller: Caller, request: Request) -> Response:
    """The system's robots, or with `q=Level=project,ProjectID=…` those of one project."""
    filters = shapes.wanted(request)
    level, project = filters.get("level", "system"), int(filters.get("projectid", "0"))
    rows = [
        row for row in harbor.state.robots.values() if row["level"] == level and row["project_id"] == project
    ]
    if name := filters.get("name"):
        rows = [row for row in rows if _bare(harbor.state, row["name"]) == name]
    return shapes.paged(request, [_shown(row) for row in rows])


def made(harbor: Harbor, caller: Caller, request: Request) -> Response:
    """A new robot. The secret is told now and never again."""
    body = _checked(harbor.state, caller, request.json())
    if not NAME.fullmatch(str(body.get("name", ""))):
        raise HttpError(400, "robot name is not in lower case or contains illegal characters")
    row = _new(harbor, body)
    if any(other["name"] == row["name"] for other in harbor.state.robots.values()):
        raise HttpError(409, f"robot {body['name']} already exists")
    harbor.state.robots[row["id"]] = row
    told = ("id", "name", "secret", "creation_time", "expires_at")
    return json_response({name: row[name] for name in told}, 201, {"Location": f"{request.path}/{row['id']}"})


def read(harbor: Harbor, caller: Caller, request: Request, number: str) -> Response:
    """One robot, without its secret."""
    return json_response(_shown(_robot(harbor, number)))


def changed(harbor: Harbor, caller: Caller, request: Request, number: str) -> Response:
    """Replace a robot but for its name, level and secret."""
    row = _robot(harbor, number)
    body = _checked(harbor.state, caller, request.json())
    if (body.get("name"), body.get("level")) != (row["name"], row["level"]):
        raise HttpError(400, "cannot update the level or name of robot")
    fresh = {
        **row,
        "description": body.get("description", ""),
        "disable": bool(body.get("disable")),
        "permissions": body["permissions"],
        "update_time": shapes.stamp(harbor.now),
    }
    if body["duration"] != row["duration"]:
        fresh |= {"duration": body["duration"], "expires_at": _expiry(row["created"], body["duration"])}
    harbor.state.robots[row["id"]] = fresh
    return Response(200)


def refreshed(harbor: Harbor, caller: Caller, request: Request, number: str) -> Response:
    """A new secret: a random one that is told once, or the one given, which is not repeated."""
    row, given = _robot(harbor, number), str(request.json().get("secret", ""))
    if given and not _strong(given):
        raise HttpError(400, "the secret must be 8-128 characters with upper, lower and digit")
    secret = given or _secret()
    harbor.state.robots[row["id"]] = {**row, "secret": secret}
    return json_response({"secret": "" if given else secret})


def deleted(harbor: Harbor, caller: Caller, request: Request, number: str) -> Response:
    """Gone. Tokens it got before work until they run out."""
    del harbor.state.robots[_robot(harbor, number)["id"]]
    return Response(200)


def _robot(harbor: Harbor, number: str) -> Row:
    row = harbor.state.robots.get(int(number))
    if row is None:
        raise HttpError(404, f"robot {number} not found")
    return row


def _checked(state: State, caller: Caller, body: Row) -> Row:
    duration, permissions = body.get("duration"), body.get("permissions") or []
    if not isinstance(duration, int) or duration == 0 or duration < -1:
        raise HttpError(400, f"bad request error duration input: {duration}")
    if body.get("level") not in ("system", "project"):
        raise HttpError(400, "bad request error level input")
    if not permissions or not all(permission.get("access") for permission in permissions):
        raise HttpError(400, "bad request empty permission")
    if body["level"] == "project" and len(permissions) != 1:
        raise HttpError(400, "bad request permission")
    names = {project["name"] for project in state.projects.values()} | {"*", "/"}
    for permission in permissions:
        if permission["namespace"] not in names:
            raise HttpError(404, f"project {permission['namespace']} not found")
    if not all(caller.may(right) for right in rights_of(body)):
        raise HttpError(403, "permission scope is invalid: a robot gives no more than it has")
    return body


def _new(harbor: Harbor, body: Row) -> Row:
    prefix, name, project = harbor.state.configuration["robot_name_prefix"], body["name"], 0
    if body["level"] == "project":
        namespace = body["permissions"][0]["namespace"]
        project = next(
            row["project_id"] for row in harbor.state.projects.values() if row["name"] == namespace
        )
        name = f"{namespace}+{name}"
    return {
        "id": harbor.state.next_id(), "name": f"{prefix}{name}", "level": body["level"], "project_id": project,
        "description": body.get("description", ""), "disable": False, "editable": True, "secret": _secret(),
        "duration": body["duration"], "permissions": body["permissions"], "created": harbor.now,
        "creation_time": shapes.stamp(harbor.now), "update_time": shapes.stamp(harbor.now),
        "expires_at": _expiry(harbor.now, body["duration"]),
    }  # fmt: skip


def _expiry(created: float, days: int) -> int:
    return -1 if days == -1 else int(created) + days * DAY


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("secret", "created", "project_id")}


def _bare(state: State, name: str) -> str:
    return name.removeprefix(state.configuration["robot_name_prefix"])


def _secret() -> str:
    return secrets.token_urlsafe(24) + "aA1"


def _strong(secret: str) -> bool:
    kinds = ("[A-Z]", "[a-z]", "[0-9]")
    return 8 <= len(secret) <= 128 and all(re.search(kind, secret) for kind in kinds)
