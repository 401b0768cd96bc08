"""The Docker side: the token endpoint and reading manifests and blobs with its tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from portal.sandbox.harbor import events, shapes
from portal.sandbox.harbor.access import ADMIN, Caller, caller_of
from portal.sandbox.harbor.artifacts import artifact_at
from portal.sandbox.harbor.state import Row
from portal.sandbox.wire import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from portal.sandbox.harbor.app import Harbor

SERVICE = "harbor-registry"
NAME = r"/v2/(?P<repository>.+?)"


def add_routes(harbor: Harbor) -> None:
    """`/service/token` and `/v2/`."""
    add = harbor.router.add
    add("GET", "/service/token", lambda request: token(harbor, request))
    add("GET", "/v2/", lambda request: ping(harbor, request))
    for method in ("GET", "HEAD"):
        add(
            method,
            NAME + "/manifests/(?P<reference>[^/]+)",
            lambda request, **at: manifest(harbor, request, **at),
        )
        add(method, NAME + "/blobs/(?P<digest>[^/]+)", lambda request, **at: blob(harbor, request, **at))
    add("GET", NAME + "/tags/list", lambda request, **at: tags(harbor, request, **at))


def challenge(request: Request) -> dict[str, str]:
    """Where tokens are to be had."""
    return {"WWW-Authenticate": f'Bearer realm="{request.base}/service/token",service="{SERVICE}"'}


def token(harbor: Harbor, request: Request) -> Response:
    """A token for as much of what is asked as the caller may. It outlives whoever asked for it."""
    caller = caller_of(request, harbor.state, secret=harbor.secret, now=harbor.now)
    lasts = harbor.state.configuration["token_expiration"] * 60
    scopes = [part for value in request.query.get("scope", []) for part in value.split()]
    access = [granted for scope in scopes if (granted := _granted(caller, scope))]
    claims = {"sub": caller.name, "access": access, "exp": harbor.now + lasts}
    signed = _signed(harbor.state.key, claims)
    return json_response({"token": signed, "access_token": "", "expires_in": lasts})


def ping(harbor: Harbor, request: Request) -> Response:
    """Whether the token is any good."""
    _claims(harbor, request)
    return json_response({})


def manifest(harbor: Harbor, request: Request, repository: str, reference: str) -> Response:
    """A manifest. A GET is a pull: it is counted, logged and told; a HEAD is not."""
    claims = _allowed(harbor, request, repository)
    row = artifact_at(harbor.state, repository, reference)
    headers = {"Content-Type": row["media_type"], "Docker-Content-Digest": row["digest"]}
    if request.method == "HEAD":
        return Response(200, b"", {**headers, "Content-Length": str(len(row["document"].encode()))})
    _pulled(harbor, row, reference, str(claims["sub"]))
    return Response(200, row["document"].encode(), headers)


def blob(harbor: Harbor, request: Request, repository: str, digest: str) -> Response:
    """A layer or a config."""
    _allowed(harbor, request, repository)
    content = base64.b64decode(harbor.state.blobs.get(digest, ""))
    if not content:
        raise HttpError(404, "blob unknown")
    headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
    return Response(200, b"" if request.method == "HEAD" else content, headers)


def tags(harbor: Harbor, request: Request, repository: str) -> Response:
    """The tags of a repository."""
    _allowed(harbor, request, repository)
    rows = [row for row in harbor.state.artifacts.values() if row["repository"] == repository]
    return json_response({"name": repository, "tags": sorted(tag for row in rows for tag in row["tags"])})


def _granted(caller: Caller, scope: str) -> Row | None:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    if kind != "repository":
        return {"type": kind, "name": name, "actions": ["*"]} if caller.name == ADMIN else None
    project = name.partition("/")[0]
    allowed = [action for action in actions.split(",") if caller.may((project, "repository", action))]
    return {"type": kind, "name": name, "actions": allowed} if allowed else None


def _pulled(harbor: Harbor, row: Row, reference: str, operator: str) -> None:
    harbor.state.artifacts[f"{row['repository']}@{row['digest']}"] = {
        **row,
        "pull_count": row["pull_count"] + 1,
    }
    project = harbor.state.projects[row["project_id"]]
    mark = "@" if reference.startswith("sha256:") else ":"
    log = {
        "id": harbor.state.next_id(), "username": operator, "resource": f"{row['repository']}{mark}{reference}",
        "resource_type": "artifact", "operation": "pull", "operation_result": True,
        "op_time": shapes.stamp(harbor.now), "project": project["name"],
    }  # fmt: skip
    harbor.state.logs.append(log)
    events.happened(
        harbor, "PULL_ARTIFACT", project=project, artifact=row, reference=reference, operator=operator
    )


def _allowed(harbor: Harbor, request: Request, repository: str) -> Row:
    claims = _claims(harbor, request)
    for access in claims["access"]:
        if access["name"] == repository and "pull" in access["actions"]:
            return claims
    raise HttpError(401, "unauthorized to access repository")


def _signed(key: str, claims: Row) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"{body}.{_mac(key, body)}"


def _mac(key: str, body: str) -> str:
    return hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()


def _claims(harbor: Harbor, request: Request) -> Row:
    """What a bearer token says. It is not asked whether its robot still exists: real Harbor does not either."""
    body, _, mac = request.headers.get("authorization", "").removeprefix("Bearer ").partition(".")
    if not body or not hmac.compare_digest(mac, _mac(harbor.state.key, body)):
        raise HttpError(401, "unauthorized")
    claims: Row = json.loads(base64.urlsafe_b64decode(body))
    if claims["exp"] <= harbor.now:
        raise HttpError(401, "unauthorized")
    return claims
