"""The JSON of Jira's REST answers and webhooks (versions 2 and 3, Cloud and Data Center)."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.jira.store import STATUSES, Flavour, Issue, Project, Status, Store

Json = dict[str, Any]

CATEGORIES: dict[str, Json] = {
    "undefined": {"id": 1, "key": "undefined", "colorName": "medium-gray", "name": "No Category"},
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
}
_ISSUE_TYPE: Json = {"id": "10001", "name": "Task", "subtask": False}
FIELDS = (
    "summary",
    "status",
    "project",
    "issuetype",
    "created",
    "updated",
    "statuscategorychangedate",
    "resolution",
    "description",
)


def timestamp(milliseconds: int) -> str:
    """Jira's way of writing a time: `2026-01-05T10:15:30.123+0000`."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}+0000"


def server_info(flavour: Flavour, base: str) -> Json:
    """`GET serverInfo`: what the client library asks first."""
    cloud = flavour == "cloud"
    return {
        "baseUrl": base,
        "version": "1001.0.0-SNAPSHOT" if cloud else "9.12.10",
        "versionNumbers": [1001, 0, 0] if cloud else [9, 12, 10],
        "deploymentType": "Cloud" if cloud else "Server",
        "buildNumber": 100269 if cloud else 9120010,
        "serverTitle": "Jira",
    }


def user(flavour: Flavour) -> Json:
    """The person behind every change: an account id on Cloud, a name on Data Center."""
    person: Json = {"displayName": "Sandbox", "active": True, "timeZone": "Etc/UTC"}
    if flavour == "cloud":
        return {"accountId": "5b10ac8d82e05b22cc7d4ef5", "accountType": "atlassian", **person}
    return {"name": "sandbox", "key": "JIRAUSER10000", "emailAddress": "sandbox@example.test", **person}


def status_json(status: Status, base: str) -> Json:
    """A status with its category."""
    return {
        "self": f"{base}/rest/api/2/status/{status.id}",
        "id": status.id,
        "name": status.name,
        "description": "",
        "statusCategory": CATEGORIES[status.category],
    }


def project_json(project: Project, base: str) -> Json:
    """A project; the flags appear only when set, as on Data Center."""
    shape: Json = {
        "self": f"{base}/rest/api/2/project/{project.id}",
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "issueTypes": [_ISSUE_TYPE],
    }
    return shape | ({"archived": True} if project.archived else {})


def issue_json(
    store: Store, issue: Issue, base: str, *, version: str = "2", only: Collection[str] = ()
) -> Json:
    """An issue with all fields, or only some of them. Version 3 writes text as a document (ADF)."""
    fields = _fields(store, issue, base, version)
    return {
        "id": issue.id,
        "key": issue.key,
        "self": f"{base}/rest/api/{version}/issue/{issue.id}",
        "fields": {name: value for name, value in fields.items() if not only or name in only},
    }


def _fields(store: Store, issue: Issue, base: str, version: str) -> Json:
    done = issue.category == "done"
    return {
        "summary": issue.summary,
        "description": _text(f"Work on {issue.summary}.", version),
        "status": status_json(STATUSES[issue.status], base),
        "project": project_json(store.projects[issue.project_id], base),
        "issuetype": _ISSUE_TYPE,
        "created": timestamp(issue.created),
        "updated": timestamp(issue.updated),
        "statuscategorychangedate": timestamp(issue.category_changed),
        "resolution": {"id": "10000", "name": "Done"} if done else None,
    }


def _text(text: str, version: str) -> object:
    if version != "3":
        return text
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def transitions_json(base: str) -> Json:
    """The transitions: from every status to every status."""
    return {
        "expand": "transitions",
        "transitions": [
            {"id": each.transition, "name": each.name, "to": status_json(each, base)}
            for each in STATUSES.values()
        ],
    }


def changelog(issue: Issue, before: str) -> Json:
    """The changelog of a move from the status `before` to the present one."""
    item = {
        "field": "status",
        "fieldtype": "jira",
        "fieldId": "status",
        "from": before,
        "fromString": STATUSES[before].name,
        "to": issue.status,
        "toString": STATUSES[issue.status].name,
    }
    return {"id": str(issue.updated), "items": [item]}
