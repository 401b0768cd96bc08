"""Who may make and end pull credentials: the same refusal for pages, the API and services.

A project's robots are for the leads of its team and administrators, new ones only while the project is open. A pull
token of a person is made by that person alone, and ended by them or an administrator. Operators do either by
command; Purser itself makes no pull token of a person.
"""

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from grants.directory.actors import standing_of_actor
from grants.directory.models import Person, Project
from grants.directory.roles import ProjectState
from grants.directory.standing import Standing
from grants.tokens.errors import CredentialError, NotAllowed
from grants.tokens.models import Credential

_NOT_A_LEAD = _("Only the leads of the team and administrators can do this.")
_NOT_YOURS = _("Only its owner and administrators can do this.")
_NOT_YOUR_OWN = _("You can only make pull tokens of your own.")
_CLOSED = _("This project is closed")


def keeping_refusal(project: Project, viewer: Standing | None) -> NotAllowed | None:
    """Why the viewer cannot look after this project's robots, open or closed; None when they can."""
    keeps = viewer is not None and viewer.runs(project)
    return None if keeps else NotAllowed("not_a_lead", _NOT_A_LEAD)


def robot_refusal(project: Project, viewer: Standing | None) -> CredentialError | None:
    """Why the viewer cannot make a robot of this project now; None when they can."""
    return keeping_refusal(project, viewer) or closed_refusal(project)


def closed_refusal(project: Project) -> CredentialError | None:
    """Why nobody can make a robot of this project now, whoever they are; None while it is open."""
    return None if project.state == ProjectState.OPEN else CredentialError("project_closed", _CLOSED)


def personal_refusal(person: Person, viewer: Standing | None) -> NotAllowed | None:
    """Why the viewer cannot make a pull token of this person; None for the person."""
    own = viewer is not None and viewer.person.pk == person.pk
    return None if own else NotAllowed("not_yours", _NOT_YOUR_OWN)


def ending_refusal(credential: Credential, viewer: Standing | None) -> NotAllowed | None:
    """Why the viewer cannot end this credential; None when they can."""
    if credential.project is not None:
        return keeping_refusal(credential.project, viewer)
    own = viewer is not None and viewer.person.active and viewer.person.pk == credential.person_id
    allowed = own or (viewer is not None and viewer.is_administrator)
    return None if allowed else NotAllowed("not_yours", _NOT_YOURS)


def may_make_robot(project: Project, viewer: Standing | None) -> bool:
    """Whether the viewer may make a robot of this project now."""
    return robot_refusal(project, viewer) is None


def may_keep_robots(project: Project, viewer: Standing | None) -> bool:
    """Whether the viewer may end robots of this project."""
    return keeping_refusal(project, viewer) is None


def check_robot(project: Project, *, by: Actor) -> None:
    """Raise CredentialError unless the actor may make a robot of this project now."""
    refused = closed_refusal(project) if _is_purser(by) else robot_refusal(project, standing_of_actor(by))
    if refused:
        raise refused


def check_personal(person: Person, *, by: Actor) -> None:
    """Raise NotAllowed unless the actor is the person or an operator."""
    refused = None if by.kind == "operator" else personal_refusal(person, standing_of_actor(by))
    if refused:
        raise refused


def check_ending(credential: Credential, *, by: Actor) -> None:
    """Raise NotAllowed unless the actor may end this credential."""
    refused = None if _is_purser(by) else ending_refusal(credential, standing_of_actor(by))
    if refused:
        raise refused


def _is_purser(actor: Actor) -> bool:
    """Whether the actor is whoever runs Purser: a command on its server, or Purser's own work."""
    return actor.kind in {"operator", "system"}
