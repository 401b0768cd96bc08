"""Putting the end of a done project's access on hold, letting it go on, and the notice before it comes."""

from datetime import datetime, timedelta

from django.db.models import DurationField, F, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce, Greatest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited
from audit.ledger.types import Detail
from grants.directory.actors import standing_of_actor
from grants.directory.models import Project
from grants.directory.standing import Standing
from grants.tracker.errors import WindDownConflict, WindDownInvalid, WindDownRefused
from grants.tracker.models import WindDown
from grants.tracker.services import JIRA, current_of, lock_project, record_end
from grants.tracker.signals import project_end_moved, project_end_near
from grants.tracker.states import WindDownState

REASON_LENGTH = 500


def may_pause(project: Project, viewer: Standing | None) -> bool:
    """Whether the viewer looks after the project: a lead of its team, or an administrator."""
    return viewer is not None and viewer.runs(project)


def pausing_refusal(project: Project, viewer: Standing | None) -> WindDownRefused | None:
    """Why the viewer cannot; None when they can."""
    if may_pause(project, viewer):
        return None
    return WindDownRefused("not_a_lead", _("Only the team's leads and administrators can do this."))


def latest_end(wind_down: WindDown) -> datetime:
    """The last moment that the end may be put off to: the project's days of hold after its grace."""
    return wind_down.due_at + timedelta(days=wind_down.project.max_hold_days)


def pause(*, project: Project, until: datetime, reason: str, by: Actor, now: datetime) -> WindDown:
    """Have access go on until `until`, though Jira says that the project is done.

    Requires a lead of the team or an administrator, and a reason. Records `grants.project.end-paused`. Raises
    WindDownRefused, WindDownConflict (`not_running`), WindDownInvalid (`reason_required`, `not_later`, `too_long`).
    """
    with audited(by=by):
        locked, wind_down = _running(project, by)
        _check(wind_down, until, reason, now)
        wind_down.paused_until, wind_down.paused_at = until, now
        wind_down.paused_by, wind_down.pause_reason = by.name or by.label, reason.strip()[:REASON_LENGTH]
        wind_down.noticed_at = None
        _save(
            wind_down,
            locked,
            "end-paused",
            {"until": until.isoformat(), "reason": wind_down.pause_reason},
            now,
        )
    return wind_down


def resume(*, project: Project, by: Actor, now: datetime) -> WindDown:
    """Take the hold back: access ends when the grace is over, at once if it is over already.

    Requires the same people. Records `grants.project.end-resumed`. Raises WindDownRefused, WindDownConflict.
    """
    with audited(by=by):
        locked, wind_down = _running(project, by)
        if wind_down.paused_until is None:
            raise WindDownConflict("not_running", _("The end of this project is not on hold."))
        wind_down.paused_until = wind_down.paused_at = None
        wind_down.paused_by = wind_down.pause_reason = ""
        _save(wind_down, locked, "end-resumed", {"ends": wind_down.ends_at.isoformat()}, now)
    return wind_down


def give_notice(*, now: datetime) -> int:
    """Tell, once each, of ends that come within their project's days of notice; how many.

    Records `grants.project.end-noticed` and sends `project_end_near`. A hold makes it due again.
    """
    due = list(_notices_due(now).order_by("pk").values_list("pk", "project_id"))
    return sum(_notice(pk, project_id, now) for pk, project_id in due)


def _notices_due(now: datetime) -> QuerySet[WindDown]:
    days = ExpressionWrapper(F("project__notice_days") * timedelta(days=1), output_field=DurationField())
    ends = Greatest("due_at", Coalesce("paused_until", "due_at"))
    coming = WindDown.objects.filter(
        Q(cancelled_at=None, reopened_at=None, finished_at=None, noticed_at=None, brake=None)
    )
    return coming.annotate(ends=ends).filter(ends__gt=now, ends__lte=days + now)


def _notice(pk: int, project_id: int, now: datetime) -> bool:
    with audited(by=JIRA):
        project = lock_project(project_id)
        wind_down = _notices_due(now).filter(pk=pk).first()
        if wind_down is None:
            return False
        wind_down.noticed_at = now
        wind_down.save(update_fields=["noticed_at"])
        record_end("end-noticed", project, {"ends": wind_down.ends_at.isoformat()})
        project_end_near.send(sender=WindDown, project_id=project_id, now=now)
    return True


def _running(project: Project, by: Actor) -> tuple[Project, WindDown]:
    locked = lock_project(project.pk)
    if refused := pausing_refusal(locked, standing_of_actor(by)):
        raise refused
    wind_down = current_of(locked)
    if wind_down is None or wind_down.state != WindDownState.RUNNING:
        raise WindDownConflict(
            "not_running", _("Access of this project is not about to end because of Jira.")
        )
    return locked, wind_down


def _check(wind_down: WindDown, until: datetime, reason: str, now: datetime) -> None:
    if not reason.strip():
        raise WindDownInvalid("reason_required", _("Enter a reason"))
    if until <= max(now, wind_down.due_at):
        raise WindDownInvalid("not_later", _("Choose a date after the end as it stands"))
    latest = latest_end(wind_down)
    if until > latest:
        when = date_format(localtime(latest), "DATE_FORMAT")
        words = _("This project's end can be put on hold until %(date)s at the latest") % {"date": when}
        raise WindDownInvalid("too_long", words, {"until": latest.isoformat()})


def _save(wind_down: WindDown, project: Project, verb: str, detail: Detail, now: datetime) -> None:
    wind_down.save(update_fields=["paused_until", "paused_at", "paused_by", "pause_reason", "noticed_at"])
    record_end(verb, project, detail)
    project_end_moved.send(sender=WindDown, project_id=project.pk, now=now)
