"""Repositories, artifacts with their tags, what a scan found, and the audit log."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from portal.sandbox.harbor import events, shapes
from portal.sandbox.harbor.access import Caller
from portal.sandbox.harbor.projects import PROJECT, add_project
from portal.sandbox.harbor.state import Row, State
from portal.sandbox.images import Image
from portal.sandbox.wire import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from portal.sandbox.harbor.app import Harbor

REPORT = "application/vnd.security.vulnerability.report; version=1.1"
RANKS = ("None", "Unknown", "Negligible", "Low", "Medium", "High", "Critical")
REPOSITORY = PROJECT + r"/repositories/(?P<repository>.+?)"
ARTIFACT = REPOSITORY + r"/artifacts/(?P<reference>[^/]+)"


def add_routes(harbor: Harbor) -> None:
    """Repositories, artifacts, scans, logs."""
    for method, pattern, handler, right in (
        ("GET", "/repositories", repositories, ("/", "catalog", "read")),
        ("GET", PROJECT + "/repositories", repositories, ("{project}", "repository", "list")),
        ("GET", REPOSITORY + "/artifacts", listed, ("{project}", "artifact", "list")),
        ("GET", ARTIFACT, read, ("{project}", "artifact", "read")),
        ("POST", ARTIFACT + "/scan", scanned, ("{project}", "scan", "create")),
        ("GET", ARTIFACT + "/additions/vulnerabilities", found, ("{project}", "artifact-addition", "read")),
        ("GET", "/auditlog-exts", logs, ("/", "audit-log", "list")),
        ("GET", PROJECT + "/auditlog-exts", logs, ("{project}", "log", "list")),
    ):
        harbor.route(method, pattern, handler, right=right)


def add_image(state: State, repository: str, tags: Sequence[str], image: Image, *, now: float = 0.0) -> Row:
    """Put an image in, with its project if that is new, as a push would. `repository`: `project/name`."""
    name = repository.partition("/")[0]
    known = {row["name"]: row for row in state.projects.values()}
    project = known.get(name) or add_project(state, name, now=now)
    parts = {image.digest: image, **{child.digest: child for child in image.children}}
    for digest, part in parts.items():
        state.blobs |= {key: base64.b64encode(blob).decode() for key, blob in part.blobs.items()}
        row = {
            "id": state.next_id(), "project_id": project["project_id"], "repository": repository, "digest": digest,
            "media_type": part.media_type, "document": part.document.decode(), "size": part.size,
            "tags": list(tags) if digest == image.digest else [], "push_time": shapes.stamp(now), "pull_count": 0,
        }  # fmt: skip
        state.artifacts[f"{repository}@{digest}"] = row
    return state.artifacts[f"{repository}@{image.digest}"]


def add_report(state: State, repository: str, digest: str, findings: Sequence[Row], *, now: float) -> None:
    """What a scan of an artifact found: rows with id, package, version, fix_version, severity."""
    worst = max((finding["severity"] for finding in findings), key=RANKS.index, default="None")
    state.reports[f"{repository}@{digest}"] = {
        "generated_at": shapes.stamp(now),
        "scanner": {"name": "Trivy", "vendor": "Aqua Security", "version": "v0.74.0"},
        "severity": worst,
        "vulnerabilities": [
            {"description": "", "links": [], "artifact_digests": [digest], **row} for row in findings
        ],
    }


def artifact_at(state: State, repository: str, reference: str) -> Row:
    """The artifact behind a tag or digest. Raises HttpError 404."""
    for row in state.artifacts.values():
        if row["repository"] == repository and (reference == row["digest"] or reference in row["tags"]):
            return row
    raise HttpError(404, f"artifact {repository}:{reference} not found")


def repositories(harbor: Harbor, caller: Caller, request: Request, project: Row | None = None) -> Response:
    """Names of repositories, of a project or all."""
    rows = [row for row in harbor.state.artifacts.values() if project in (None, _project(harbor.state, row))]
    names = sorted({row["repository"] for row in rows})
    return shapes.paged(request, [{"name": name} for name in names])


def listed(harbor: Harbor, caller: Caller, request: Request, project: Row, repository: str) -> Response:
    """The artifacts of a repository that are no parts of an index."""
    name = _name(project, repository)
    rows = [row for row in harbor.state.artifacts.values() if row["repository"] == name and row["tags"]]
    return shapes.paged(request, [_shown(harbor.state, row) for row in rows])


def read(
    harbor: Harbor, caller: Caller, request: Request, project: Row, repository: str, reference: str
) -> Response:
    """One artifact."""
    row = artifact_at(harbor.state, _name(project, repository), reference)
    return json_response(_shown(harbor.state, row))


def scanned(
    harbor: Harbor, caller: Caller, request: Request, project: Row, repository: str, reference: str
) -> Response:
    """Begin a scan; here it is over at once, and says what `add_report` put there, else nothing."""
    row = artifact_at(harbor.state, _name(project, repository), reference)
    key = f"{row['repository']}@{row['digest']}"
    if key not in harbor.state.reports:
        add_report(harbor.state, row["repository"], row["digest"], [], now=harbor.now)
    events.happened(
        harbor, "SCANNING_COMPLETED", project=project, artifact=row, reference=reference, operator="auto"
    )
    return Response(202)


def found(
    harbor: Harbor, caller: Caller, request: Request, project: Row, repository: str, reference: str
) -> Response:
    """What the scan found, by the report's type."""
    row = artifact_at(harbor.state, _name(project, repository), reference)
    report = harbor.state.reports.get(f"{row['repository']}@{row['digest']}")
    return json_response({REPORT: report} if report else {})


def logs(harbor: Harbor, caller: Caller, request: Request, project: Row | None = None) -> Response:
    """What happened, newest first; never from where."""
    rows = [row for row in harbor.state.logs if project is None or row["project"] == project["name"]]
    return shapes.paged(request, rows[::-1])


def _project(state: State, artifact: Row) -> Row | None:
    return state.projects.get(artifact["project_id"])


def _name(project: Row, repository: str) -> str:
    return f"{project['name']}/{unquote(repository)}"


def _shown(state: State, row: Row) -> Row:
    shown = {name: row[name] for name in ("id", "digest", "media_type", "size", "push_time", "pull_count")}
    report = state.reports.get(f"{row['repository']}@{row['digest']}")
    overview = {REPORT: {"scan_status": "Success", "severity": report["severity"]}} if report else {}
    return {**shown, "tags": [{"name": tag} for tag in row["tags"]], "scan_overview": overview}
