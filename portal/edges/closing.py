"""Saving a project's settings; a project that is closed loses its access in the same transaction."""

from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.models import Project
from grants.directory.services import change_project
from grants.directory.types import ProjectChanges
from grants.lifecycle.services import end_project


def save_project(*, project: Project, changes: ProjectChanges, by: Actor, now: datetime) -> int:
    """Save the settings and, when they close the project, end its grants; how many those were.

    Records `grants.project.changed` and one `grants.grant.project-done` each. Raises DirectoryError.
    """
    with audited(by=by):
        saved = change_project(project=project, changes=changes, by=by, now=now)
        if saved.state == "closed" and project.state == "open":
            return end_project(project=saved, by=by, now=now)
    return 0
