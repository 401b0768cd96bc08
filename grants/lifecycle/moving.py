"""How a grant moves: lock the row, look at the table, leap, record, tell. The only writer of `Grant.status`."""

from collections.abc import Set
from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import record
from audit.ledger.types import Detail
from grants.lifecycle.errors import error_for
from grants.lifecycle.models import Grant
from grants.lifecycle.permissions import roles_of_actor
from grants.lifecycle.signals import grant_changed
from grants.lifecycle.states import FINAL, MOVES, GrantStatus, Who, refusal_code


def lock(grant_id: int) -> Grant:
    """The grant as it is now, locked until the transaction ends, with its project and team."""
    rows = Grant.objects.select_for_update(no_key=True, of=("self",)).select_related("project__team")
    return rows.get(pk=grant_id)


def check(move: str, grant: Grant, *, roles: Set[Who]) -> None:
    """Raise GrantRefused or GrantConflict when these roles cannot make this move from where the grant stands."""
    code = refusal_code(move, status=grant.status, roles=roles)
    if code is not None:
        raise error_for(code, grant)


def check_actor(move: str, grant: Grant, *, by: Actor) -> None:
    """The same for the actor of a change, by what they stand for now."""
    check(move, grant, roles=roles_of_actor(grant, by))


def leap(
    move: str, grant: Grant, *, by: Actor, now: datetime, note: str = "", detail: Detail | None = None
) -> Grant:
    """Carry out a checked move on a locked grant: write it, record its one event, tell the higher rooms."""
    rule = MOVES[move]
    before = grant.status
    fields: dict[str, object] = {"status": rule.target or before, **_times(rule.target, now)}
    if rule.reason:
        fields |= {"end_reason": rule.reason, "end_note": note}
    write(grant, by=by, now=now, **fields)
    moved: Detail = {"from": before, "to": str(grant.status), "reason": str(grant.end_reason), "note": note}
    record_grant(rule.kind, grant, detail={**moved, **(detail or {})})
    announce(grant, rule.event, now)
    return grant


def write(grant: Grant, *, by: Actor, now: datetime, **fields: object) -> None:
    """Save these fields of a locked grant and who changed it."""
    fields |= signed(by, now)
    for name, value in fields.items():
        setattr(grant, name, value)
    grant.save(update_fields=list(fields))


def signed(by: Actor, now: datetime) -> dict[str, object]:
    """The fields that say who changed a grant last, for the conflict somebody else meets."""
    return {"changed_by": by.name or by.label, "changed_at": now}


def record_grant(
    kind: str, grant: Grant, *, detail: Detail | None = None, person: str = "", image: str = ""
) -> None:
    """Record an event of this grant with its project and team."""
    project = grant.project
    where = {"project": project.key, "team": project.team.key, "person": person, "image": image}
    record(kind, subject=grant.label, detail=detail, **where)


def announce(grant: Grant, event: str, now: datetime) -> None:
    """Send `grant_changed` inside the transaction; a receiver that fails undoes the change."""
    grant_changed.send(sender=Grant, grant_id=grant.pk, event=event, now=now)


def _times(target: GrantStatus | None, now: datetime) -> dict[str, object]:
    if target == GrantStatus.ACTIVE:
        return {"activated_at": now}
    if target == GrantStatus.REVOKING:
        return {"revoking_since": now}
    return {"ended_at": now} if target in FINAL else {}
