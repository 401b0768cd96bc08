"""Saving a project's settings; a project that is closed loses its access in the same transaction."""

from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.models import Project
from grants.directory.services import change_project
from grants.directory.types import ProjectChanges
from grants.lifecycle.consequences import Followed, end_projects
from grants.lifecycle.states import Trigger


def save_project(*, project: Project, changes: ProjectChanges, by: Actor, now: datetime) -> Followed:
    """Save the settings and, when they close the project, end its grants; how many ended, and how many wait.

    Records `grants.project.changed` and one `grants.grant.project-done` each, or `grants.brake.held` when that is
    too much to happen unasked. Raises DirectoryError.
    """
    with audited(by=by):
        saved = change_project(project=project, changes=changes, by=by, now=now)
        if saved.state == "closed" and project.state == "open":
            return end_projects(projects=[saved], kind=Trigger.CLOSING, by=by, now=now)
    return Followed()
