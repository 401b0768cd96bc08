"""From what a script sends to what the request services take."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from approvals.requests import services
from approvals.requests.errors import DraftFault
from approvals.requests.models import Request
from approvals.requests.states import RequestStatus
from approvals.requests.types import DraftChanges
from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.models import Project
from grants.directory.selectors import projects_visible_to
from grants.directory.standing import Standing


def create_request(*, viewer: Standing, given: dict[str, Any], by: Actor, now: datetime) -> Request:
    """Start a draft with these answers and, where `submit` says so, send it: all of it or nothing.

    Records what `start_draft`, `update_draft` and `submit` record, and raises what they raise.
    """
    send = given.pop("submit", False)
    changes = changes_of(viewer, given)
    with audited(by=by):
        project = changes.project if isinstance(changes.project, Project) else None
        request = services.start_draft(requester=viewer.person, project=project, by=by, now=now)
        request = services.update_draft(
            request=request, changes=changes, revision=request.revision, by=by, now=now
        )
        if send:
            request = services.submit(request=request, revision=request.revision, by=by, now=now)
    return request


def change_request(
    *, request: Request, viewer: Standing, given: dict[str, Any], by: Actor, now: datetime
) -> Request:
    """Change a draft, or a request that was sent and is not decided. Raises what `update_draft` or `edit` raise."""
    revision = given.pop("revision", None)
    act = services.update_draft if request.status == RequestStatus.DRAFT else services.edit
    return act(request=request, changes=changes_of(viewer, given), revision=revision, by=by, now=now)


def changes_of(viewer: Standing, given: dict[str, Any]) -> DraftChanges:
    """The answers as the services take them. Raises DraftFault for a project the viewer may not see."""
    answers = dict(given)
    if "members" in answers:
        answers["people_lines"] = answers.pop("members")
    if answers.get("project"):
        answers["project"] = _project(viewer, answers["project"])
    elif "project" in answers:
        answers["project"] = None
    return DraftChanges(**answers)


def _project(viewer: Standing, key: str) -> Project:
    project = projects_visible_to(viewer).filter(key=key).first()
    if project is None:
        raise DraftFault({"project": _("There is no such project.")})
    return project
