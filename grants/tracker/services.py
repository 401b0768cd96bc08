"""What follows when Jira says that a project is over, or takes it back. Never a network call.

Each locks the project, then its watch and wind-down, looks, and leaps, inside `audited`. A done project closes at
once: no new requests. Its grants end with the next sweep or after the project's grace, unless that is too much for
the brake or somebody put it on hold; ended ones stay ended for good.
"""

from datetime import datetime, timedelta
from logging import getLogger

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit.ledger.actors import system
from audit.ledger.services import audited, record
from audit.ledger.types import Detail
from grants.directory.models import Project
from grants.directory.roles import ProjectState
from grants.directory.services import change_project
from grants.directory.types import ProjectChanges
from grants.lifecycle.brake import window
from grants.lifecycle.consequences import end_projects
from grants.lifecycle.holds import drop_lines
from grants.lifecycle.models import Grant
from grants.lifecycle.states import LIVE, HoldState, Trigger
from grants.tracker.models import Watch, WindDown
from grants.tracker.signals import project_done, project_reopened

JIRA = system("jira")
log = getLogger(__name__)
_CURRENT = Q(cancelled_at=None, reopened_at=None)


def settle(*, watch: Watch, project: Project, now: datetime) -> None:
    """Begin or take back the ending of a locked project, by what its locked watch says. Inside `audited` only.

    Records `grants.project.done` or `grants.project.reopened`; sends `project_done` or `project_reopened`.
    Nothing happens when both already agree, so the same news may come any number of times.
    """
    current = current_of(project)
    if watch.over and current is None:
        _begin(watch, project, now)
    elif not watch.over and current is not None:
        _take_back(current, project, {"key": watch.key, "status": watch.status_name}, now)


def lock_project(project_id: int) -> Project:
    """The project as it is now with its team, locked until the transaction ends."""
    rows = Project.objects.select_for_update(no_key=True, of=("self",)).select_related("team")
    return rows.get(pk=project_id)


def forget(*, project_id: int, now: datetime) -> None:
    """Drop the watch of a project that names nothing in Jira any more. Inside `audited` only.

    An ending still to come is called off (`grants.project.reopened`); what has ended stays ended.
    """
    project = lock_project(project_id)
    if project.jira_issue or project.jira_project:
        return
    current = current_of(project)
    if current is not None and current.finished_at is None:
        _take_back(current, project, {"key": "", "status": ""}, now)
    Watch.objects.filter(project=project).delete()


def finish_due(*, now: datetime) -> int:
    """End the access of projects whose grace is over; how many projects. One that fails never stops the others.

    Records `grants.project.access-ended` and one event per grant, or has the brake hold back what is too much.
    Repeats it for a grant that was issued while the project was being closed.
    """
    return _each(due_by(now), now) + _each(_left_over(), now)


def due_by(at: datetime) -> QuerySet[WindDown]:
    """The endings that come until `at`: not on hold any more, and not held back by the brake."""
    paused = Q(paused_until=None) | Q(paused_until__lte=at)
    return WindDown.objects.filter(_CURRENT, paused, finished_at=None, due_at__lte=at, brake=None)


def brake_decided(hold_id: int, event: str, now: datetime, **_signal: object) -> None:
    """Receiver of `brake_changed`: an administrator let the access of done projects end, or keeps it.

    Records `grants.project.access-ended` or `grants.project.access-kept`. The projects are locked already.
    """
    if event not in (HoldState.RELEASED, HoldState.REFUSED):
        return
    stopped = WindDown.objects.filter(_CURRENT, brake=hold_id, finished_at=None)
    for wind_down in stopped.select_related("project__team").order_by("project_id"):
        lines = Grant.objects.filter(trigger_lines__hold=hold_id, project=wind_down.project)
        ended = lines.exclude(status__in=LIVE).count() if event == HoldState.RELEASED else 0
        _finished(wind_down, ended, now)
        detail: Detail = {"reason": wind_down.reason, "grants": ended}
        verb = "access-ended" if event == HoldState.RELEASED else "access-kept"
        record_end(verb, wind_down.project, {**detail, "brake": hold_id})


def _left_over() -> QuerySet[WindDown]:
    live = Grant.objects.filter(project=OuterRef("project"), status__in=LIVE)
    ended = WindDown.objects.filter(_CURRENT, finished_at__isnull=False, project__state=ProjectState.CLOSED)
    return ended.exclude(brake__state__in=[HoldState.HELD, HoldState.REFUSED]).filter(Exists(live))


def _each(due: QuerySet[WindDown], now: datetime) -> int:
    found = list(due.order_by("pk").values_list("pk", "project_id"))
    return sum(_guarded(due.filter(pk=pk), project_id, now) for pk, project_id in found)


def _guarded(due: QuerySet[WindDown], project_id: int, now: datetime) -> bool:
    try:
        return _finish_one(due, project_id, now)
    except Exception:
        log.exception("A project's access could not be ended; it stays due", extra={"project": project_id})
        return False


def _finish_one(due: QuerySet[WindDown], project_id: int, now: datetime) -> bool:
    with audited(by=JIRA):
        project = lock_project(project_id)
        wind_down = due.first()  # looked for again, now that nobody else can take it back
        if wind_down is None:
            return False
        _finish(wind_down, project, now)
        return True


def current_of(project: Project) -> WindDown | None:
    """The ending of a project that stands: begun, and not taken back."""
    rows = WindDown.objects.filter(_CURRENT, project=project).select_related("brake", "project")
    return rows.first()


def _begin(watch: Watch, project: Project, now: datetime) -> None:
    wind_down = WindDown.objects.create(
        project=project,
        reason=f"{watch.key}: {watch.status_name or watch.category}"[:300],
        started_at=now,
        due_at=now + timedelta(hours=project.grace_hours),
        closed_project=project.state == ProjectState.OPEN,
        # People are told at once: an end within the days of notice needs no second word.
        noticed_at=now if project.grace_hours <= 24 * project.notice_days else None,
    )
    said: Detail = {"what": watch.kind, "key": watch.key, "status": watch.status_name}
    grace: Detail = {"grace_hours": project.grace_hours, "due_at": wind_down.due_at.isoformat()}
    record_end("done", project, {**said, **grace})
    if wind_down.closed_project:
        _set_state(project, ProjectState.CLOSED, now)
    project_done.send(sender=WindDown, project_id=project.pk, now=now)


def _finish(wind_down: WindDown, project: Project, now: datetime) -> None:
    coming = due_by(now + window()).exclude(project=project).values("project_id")
    soon = Grant.objects.filter(project__in=coming, status__in=LIVE).values_list("pk", flat=True)
    followed = end_projects(projects=[project], kind=Trigger.JIRA, soon=list(soon), by=JIRA, now=now)
    if followed.hold_id is not None:
        wind_down.brake_id = followed.hold_id
        wind_down.grants_ended += followed.ended
        wind_down.save(update_fields=["brake", "grants_ended"])
        return
    _finished(wind_down, followed.ended, now)
    record_end("access-ended", project, {"reason": wind_down.reason, "grants": followed.ended})


def _finished(wind_down: WindDown, grants: int, now: datetime) -> None:
    wind_down.finished_at = wind_down.finished_at or now
    wind_down.grants_ended += grants
    wind_down.save(update_fields=["finished_at", "grants_ended"])


def _take_back(wind_down: WindDown, project: Project, said: Detail, now: datetime) -> None:
    ended = wind_down.finished_at is not None
    field = "reopened_at" if ended else "cancelled_at"
    setattr(wind_down, field, now)
    wind_down.save(update_fields=[field])
    record_end("reopened", project, {**said, "access_had_ended": ended, "grants_restored": 0})
    if wind_down.closed_project and project.state == ProjectState.CLOSED:
        _set_state(project, ProjectState.OPEN, now)
    if wind_down.brake_id and not ended:
        drop_lines(kind=Trigger.JIRA, project=project, reason="Re-opened in Jira", by=JIRA, now=now)
    project_reopened.send(sender=WindDown, project_id=project.pk, now=now)


def _set_state(project: Project, state: ProjectState, now: datetime) -> None:
    change_project(project=project, changes=ProjectChanges(state=state), by=JIRA, now=now)
    project.state = state


def record_end(verb: str, project: Project, detail: Detail) -> None:
    """Record `grants.project.<verb>` in the open audited block."""
    where = {"project": project.key, "team": project.team.key}
    record(f"grants.project.{verb}", subject=f"project:{project.key}", detail=detail, **where)
