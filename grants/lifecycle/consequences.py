"""What follows for grants when projects, people or images go: at once, or held back by the brake when it is too much.

The unbraked forms, for what somebody decided on one person or for security, are in `services`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.catalogue.models import Image
from grants.directory.models import Person, Project
from grants.lifecycle.brake import Cause, held_back, lock_grants
from grants.lifecycle.brake_rules import Loss
from grants.lifecycle.models import Grant, GrantImage, GrantMember, TriggerLine
from grants.lifecycle.moving import check, leap
from grants.lifecycle.parts import image_out
from grants.lifecycle.states import LIVE, HoldState, Trigger, Who


@dataclass(frozen=True, slots=True)
class Followed:
    """How many grants ended, or lost a part, how many the brake holds back, and the hold they went to."""

    ended: int = 0
    held: int = 0
    hold_id: int | None = None


def end_projects(
    *, projects: Sequence[Project], kind: Trigger, soon: Iterable[int] = (), by: Actor, now: datetime
) -> Followed:
    """End the live grants of projects that are over, counted together; `soon` are grants this run ends next.

    Requires the projects to be locked. Records one `grants.grant.project-done` each, or `grants.brake.held`.
    """
    with audited(by=by):
        grants = lock_grants(Grant.objects.filter(project__in=projects))
        subject = ", ".join(f"project:{project.key}" for project in projects)
        held = held_back(
            Cause(kind, subject), [Loss(grant.pk) for grant in grants], soon=soon, by=by, now=now
        )
        waiting = {loss.grant_id for loss in held}
        for grant in grants:
            if grant.pk not in waiting:
                check("end_project", grant, roles={Who.TRACKER})
                leap("end_project", grant, by=by, now=now)
        return Followed(len(grants) - len(waiting), len(waiting), _hold_of(kind, waiting))


def people_leaving(
    *,
    disabled: Iterable[int],
    left: Iterable[tuple[int, int]],
    source: str,
    by: Actor,
    now: datetime,
) -> frozenset[int]:
    """Whose leaving must wait for an administrator, of people a run disables or takes out of teams.

    `left` are (person, team). Asked before anything is written: locks the people and all their grants once, so
    that what follows for each of them waits for nobody. Records `grants.brake.held` when it is too much.
    """
    out, places = frozenset(disabled), frozenset(left)
    people = out | {person for person, _team in places}
    with audited(by=by):
        rows = (
            Person.objects.filter(pk__in=people).order_by("pk").select_for_update(no_key=True, of=("self",))
        )
        list(rows.values_list("pk", flat=True))
        lines = GrantMember.objects.filter(person_id__in=people, removed_at=None)
        grants = lock_grants(Grant.objects.filter(pk__in=lines.values("grant_id")))
        held = lines.filter(grant__in=grants, grant__status__in=LIVE)
        losses = [
            Loss(grant, person_id=person, disables=person in out)
            for grant, person, team in held.values_list("grant_id", "person_id", "grant__project__team_id")
            if person in out or (person, team) in places
        ]
        waiting = held_back(Cause(Trigger.PEOPLE, f"directory:{source}"), losses, by=by, now=now)
    return frozenset(loss.person_id for loss in waiting if loss.person_id is not None)


def image_going(*, image: Image, by: Actor, now: datetime) -> Followed:
    """Take a blocked image out of the live grants; where that is too much, its lines go on allowing it meanwhile.

    Records `grants.image.removed` each, or `grants.brake.held`.
    """
    with audited(by=by):
        lines = GrantImage.objects.filter(image=image, removed_at=None)
        grants = lock_grants(Grant.objects.filter(pk__in=lines.values("grant_id")))
        losses = [Loss(grant.pk, image_id=image.pk) for grant in grants]
        cause = Cause(Trigger.IMAGE, f"image:{image.reference}")
        waiting = {loss.grant_id for loss in held_back(cause, losses, by=by, now=now)}
        lines.filter(grant__in=waiting).update(kept=True)
        going = [grant for grant in grants if grant.pk not in waiting]
        ended = sum(image_out(grant, image, by=by, now=now) for grant in going)
        return Followed(ended, len(waiting), _hold_of(Trigger.IMAGE, waiting))


def _hold_of(kind: Trigger, grant_ids: Iterable[int]) -> int | None:
    lines = TriggerLine.objects.filter(kind=kind, grant__in=grant_ids, hold__state=HoldState.HELD)
    return lines.order_by("-hold_id").values_list("hold_id", flat=True).first()
