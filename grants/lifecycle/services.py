"""What may happen to a grant: issued, extended, given back, revoked, emptied; never a network call.

Each service opens `audited`, locks the grant, looks at the table of moves, leaps, and records one event. A grant
that has ended stays ended: nothing here brings access back, a new request does. Nothing here is ever braked: these
are decisions on one thing, or for security; what may hit many at once is in `consequences`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.catalogue.models import Image
from grants.directory.models import Person, Project, Team
from grants.lifecycle.clock import database_time
from grants.lifecycle.errors import GrantInvalid, conflict, error_for
from grants.lifecycle.issuing import issue_rows
from grants.lifecycle.models import Grant
from grants.lifecycle.moving import check, check_actor, leap, lock
from grants.lifecycle.parts import take_out_image, take_out_member
from grants.lifecycle.states import No, Who
from grants.lifecycle.types import IssueImage


def issue(  # noqa: PLR0913 - a grant has this many sides, each named
    *,
    project: Project,
    role: str,
    starts: datetime,
    ends: datetime,
    members: Sequence[Person],
    images: Sequence[IssueImage],
    origin: str,
    environment: str,
    by: Actor,
    now: datetime,
) -> Grant:
    """Issue a grant: rows and one event, no network. Usable from the commit on, or from `starts` if later.

    Disabled people and blocked images are left out and named in the event. `origin` says who decided, e.g.
    `request:42`, and has one grant at most. Records `grants.grant.issued`. Raises GrantInvalid when nothing is
    left to grant (`nothing_to_grant`), the project is closed (`project_closed`) or the window is over or
    reversed (`window_over`, `window_reversed`).
    """
    with audited(by=by):
        bundle = (project, members, images)
        return issue_rows(
            bundle, role, (starts, ends), origin=origin, environment=environment, by=by, now=now
        )


def extend(*, grant: Grant, ends: datetime, by: Actor, now: datetime) -> Grant:
    """Move the end of a live grant to the later time `ends`.

    Requires an approver or administrator who is neither in the bundle nor leads its team, and at most
    `POLICY["max_days"]` from start to end. `grant` is what the caller saw. Records `grants.grant.extended`.
    Raises GrantRefused, GrantConflict (it ended, or was changed meanwhile), GrantInvalid (`not_later`,
    `too_long`).
    """
    with audited(by=by):
        locked = _seen(grant, "extend", by=by)
        if locked.ends <= database_time():
            raise error_for(No.OVER, locked)
        _check_end(locked, ends)
        detail = {"ends_before": locked.ends.isoformat(), "ends": ends.isoformat()}
        locked.ends = ends
        locked.save(update_fields=["ends"])
        return leap("extend", locked, by=by, now=now, detail=detail)


def give_back(*, grant: Grant, note: str, by: Actor, now: datetime) -> Grant:
    """End a grant before its time because the team needs it no more. Requires the team's lead or an administrator.

    Records `grants.grant.returned`. Raises GrantRefused or GrantConflict.
    """
    with audited(by=by):
        return leap("give_back", _seen(grant, "give_back", by=by), by=by, now=now, note=note)


def revoke(*, grant: Grant, note: str, by: Actor, now: datetime) -> Grant:
    """Take a grant away. Requires an administrator or an approver of the security lane.

    Records `grants.grant.revoked`. Raises GrantRefused or GrantConflict.
    """
    with audited(by=by):
        return leap("revoke", _seen(grant, "revoke", by=by), by=by, now=now, note=note)


def remove_member(*, person: Person, by: Actor, now: datetime, team: Team | None = None) -> int:
    """Take a person out of every live grant, or only of those of one team's projects; how many that were.

    Records `grants.member.removed` each; a grant left without people ends (`grants.grant.emptied`).
    """
    with audited(by=by):
        return take_out_member(person, team=team, by=by, now=now)


def end_image(*, image: Image, by: Actor, now: datetime) -> int:
    """Take an image out of every live grant, because it was blocked for security; how many that were.

    Records `grants.image.removed` each; a grant left without images ends (`grants.grant.emptied`).
    """
    with audited(by=by):
        return take_out_image(image, by=by, now=now)


def mark_active(*, grant: Grant, by: Actor, now: datetime) -> Grant:
    """For delivery: the targets were seen to allow it. Records `grants.grant.activated`. Raises GrantConflict."""
    return _delivered("activate", grant, by=by, now=now)


def mark_ended(*, grant: Grant, by: Actor, now: datetime) -> Grant:
    """For delivery: every target was seen to refuse it. Records `grants.grant.ended`. Raises GrantConflict."""
    return _delivered("finish", grant, by=by, now=now)


def mark_failed(*, grant: Grant, by: Actor, now: datetime) -> Grant:
    """For delivery: its time is over, every target refuses it, and no line of it ever worked.

    Records `grants.grant.failed`. Raises GrantConflict.
    """
    return _delivered("give_up", grant, by=by, now=now)


def _delivered(move: str, grant: Grant, *, by: Actor, now: datetime) -> Grant:
    with audited(by=by):
        locked = lock(grant.pk)
        check(move, locked, roles={Who.DELIVERY})
        return leap(move, locked, by=by, now=now)


def _seen(grant: Grant, move: str, *, by: Actor) -> Grant:
    """Lock the grant; whoever decides on a window that has moved since they looked is asked to look again."""
    locked = lock(grant.pk)
    check_actor(move, locked, by=by)
    if locked.ends != grant.ends:
        raise conflict(
            "changed", locked, _("This access was changed meanwhile (%(who)s, %(when)s). Look again.")
        )
    return locked


def _check_end(grant: Grant, ends: datetime) -> None:
    days = settings.POLICY["max_days"]
    if ends <= grant.ends:
        raise GrantInvalid("not_later", _("Choose an end later than the present one."))
    if ends - grant.starts > timedelta(days=days):
        sentence = _("Access can last at most %(days)s days from its start. Choose an earlier end date.")
        raise GrantInvalid("too_long", sentence % {"days": days}, {"days": days})
