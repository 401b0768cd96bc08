"""Who may change a grant: roles of a person towards it, and the same refusal for pages and services.

Returning is for the team's lead; a member's own part ends with their membership. Extending is approving:
nobody approves their own access, so members and the team's leads renew by a new request, and approvers and
administrators who are neither may extend within the longest window the policy allows. Revoking is for
administrators and the approvers of the security lane.
"""

from audit.ledger.actors import Actor
from grants.directory.actors import standing_of_actor
from grants.directory.standing import Standing
from grants.lifecycle.errors import GrantError, error_for
from grants.lifecycle.models import Grant
from grants.lifecycle.states import Who, refusal_code

SECURITY_LANE = "security"


def roles_of(grant: Grant, viewer: Standing | None) -> frozenset[Who]:
    """What the viewer is to this grant; a stranger is nothing else. One query, for membership of the bundle."""
    if viewer is None or not viewer.person.active:
        return frozenset({Who.STRANGER})
    held = {
        Who.LEAD: grant.project.team_id in viewer.led_team_ids,
        Who.APPROVER: viewer.is_approver,
        Who.SECURITY: SECURITY_LANE in viewer.lanes,
        Who.AUDITOR: viewer.is_auditor,
        Who.ADMINISTRATOR: viewer.is_administrator,
        Who.MEMBER: grant.members.filter(person=viewer.person, removed_at=None).exists(),
    }
    return frozenset(who for who, true in held.items() if true) or frozenset({Who.STRANGER})


def roles_of_actor(grant: Grant, actor: Actor) -> frozenset[Who]:
    """The same for the actor of a change: a person by their standing now, an operator as such."""
    if actor.kind == "operator":
        return frozenset({Who.OPERATOR})
    return roles_of(grant, standing_of_actor(actor))


def refusal(move: str, *, grant: Grant, viewer: Standing | None) -> GrantError | None:
    """Why the viewer cannot make this move now, by who they are and where the grant stands; None when they can."""
    code = refusal_code(move, status=grant.status, roles=roles_of(grant, viewer))
    return None if code is None else error_for(code, grant)
