"""What follows when Jira says that a project is over, or takes it back. Never a network call.

Each locks the project, then its watch and wind-down, looks, and leaps, inside `audited`. A done project closes at
once: no new requests. Its grants end at once or after the project's grace; ended ones stay ended for good.
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
from grants.lifecycle.models import Grant
from grants.lifecycle.services import end_project
from grants.lifecycle.states import LIVE
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
    current = _current(project)
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
    current = _current(project)
    if current is not None and current.finished_at is None:
        _take_back(current, project, {"key": "", "status": ""}, now)
    Watch.objects.filter(project=project).delete()


def finish_due(*, now: datetime) -> int:
    """End the access of projects whose grace is over; how many projects. One that fails never stops the others.

    Records `grants.project.access-ended` and one event per grant. Repeats it for a grant that was issued while
    the project was being closed.
    """
    due = WindDown.objects.filter(_CURRENT, finished_at=None, due_at__lte=now)
    return _each(due, now) + _each(_left_over(), now)


def _left_over() -> QuerySet[WindDown]:
    live = Grant.objects.filter(project=OuterRef("project"), status__in=LIVE)
    ended = WindDown.objects.filter(_CURRENT, finished_at__isnull=False, project__state=ProjectState.CLOSED)
    return ended.filter(Exists(live))


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


def _current(project: Project) -> WindDown | None:
    return WindDown.objects.filter(_CURRENT, project=project).first()


def _begin(watch: Watch, project: Project, now: datetime) -> None:
    wind_down = WindDown.objects.create(
        project=project,
        reason=f"{watch.key}: {watch.status_name or watch.category}"[:300],
        started_at=now,
        due_at=now + timedelta(hours=project.grace_hours),
        closed_project=project.state == ProjectState.OPEN,
    )
    said: Detail = {"what": watch.kind, "key": watch.key, "status": watch.status_name}
    grace: Detail = {"grace_hours": project.grace_hours, "due_at": wind_down.due_at.isoformat()}
    _record("done", project, {**said, **grace})
    if wind_down.closed_project:
        _set_state(project, ProjectState.CLOSED, now)
    if not project.grace_hours:
        _finish(wind_down, project, now)
    project_done.send(sender=WindDown, project_id=project.pk, now=now)


def _finish(wind_down: WindDown, project: Project, now: datetime) -> None:
    grants = end_project(project=project, by=JIRA, now=now)
    wind_down.finished_at = wind_down.finished_at or now
    wind_down.grants_ended += grants
    wind_down.save(update_fields=["finished_at", "grants_ended"])
    _record("access-ended", project, {"reason": wind_down.reason, "grants": grants})


def _take_back(wind_down: WindDown, project: Project, said: Detail, now: datetime) -> None:
    ended = wind_down.finished_at is not None
    field = "reopened_at" if ended else "cancelled_at"
    setattr(wind_down, field, now)
    wind_down.save(update_fields=[field])
    _record("reopened", project, {**said, "access_had_ended": ended, "grants_restored": 0})
    if wind_down.closed_project and project.state == ProjectState.CLOSED:
        _set_state(project, ProjectState.OPEN, now)
    project_reopened.send(sender=WindDown, project_id=project.pk, now=now)


def _set_state(project: Project, state: ProjectState, now: datetime) -> None:
    change_project(project=project, changes=ProjectChanges(state=state), by=JIRA, now=now)
    project.state = state


def _record(verb: str, project: Project, detail: Detail) -> None:
    where = {"project": project.key, "team": project.team.key}
    record(f"grants.project.{verb}", subject=f"project:{project.key}", detail=detail, **where)
