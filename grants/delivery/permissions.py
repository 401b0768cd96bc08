"""Who may have failing deliveries tried again: the same refusal for pages, the API and services.

Leads of the project's team and administrators, whatever the state of the access: trying again gives nobody more.
"""

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from grants.delivery.errors import NotAllowed
from grants.directory.actors import standing_of_actor
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant

_NOT_A_LEAD = _("Only the leads of the team and administrators can do this.")


def retry_refusal(grant: Grant, viewer: Standing | None) -> NotAllowed | None:
    """Why the viewer cannot have this access's failing lines tried again; None when they can."""
    allowed = viewer is not None and viewer.runs(grant.project)
    return None if allowed else NotAllowed("not_a_lead", _NOT_A_LEAD)


def may_retry(grant: Grant, viewer: Standing | None) -> bool:
    """Whether the viewer may have this access's failing lines tried again."""
    return retry_refusal(grant, viewer) is None


def check_retry(grant: Grant, *, by: Actor) -> None:
    """Raise NotAllowed unless the actor may; operators and Purser itself always may."""
    if by.kind in {"operator", "system"}:
        return
    if refused := retry_refusal(grant, standing_of_actor(by)):
        raise refused
