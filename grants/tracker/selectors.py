"""What Jira says about projects, and whether it can be asked. Callers pass only projects the viewer may see."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grants.directory.models import Project
from grants.lifecycle.brake import limits
from grants.lifecycle.brake_rules import is_too_much
from grants.lifecycle.models import Grant, GrantMember
from grants.lifecycle.states import LIVE
from grants.tracker.clients import is_configured
from grants.tracker.models import PollMark, Watch, WindDown
from grants.tracker.states import WindDownState
from grants.tracker.types import EndPreview, JiraHealth, ProjectTracking

OVERDUE = timedelta(minutes=1)
TO_COME = frozenset({WindDownState.RUNNING, WindDownState.BRAKED, WindDownState.KEPT})
"""Where a project is done in Jira and its access goes on, for now or until its dates."""


def state_of(project: Project) -> ProjectTracking | None:
    """What Jira last said about a project and what follows; None when it follows nothing in Jira."""
    return states_of([project]).get(project.pk)


def states_of(projects: Iterable[Project]) -> dict[int, ProjectTracking]:
    """The same for many, by project; two queries."""
    keys = [project.pk for project in projects]
    latest = WindDown.objects.filter(project__in=keys).order_by("project_id", "-pk").distinct("project_id")
    latest = latest.select_related("brake", "project")
    wind_downs = {wind_down.project_id: wind_down for wind_down in latest}
    watches = Watch.objects.filter(project__in=keys)
    return {watch.project_id: _tracking(watch, wind_downs.get(watch.project_id)) for watch in watches}


def ending_of(project: Project) -> str:
    """Of a project whose end stands before it, the sentence that says so; empty for any other."""
    return endings_of([project]).get(project.pk, "")


def endings_of(projects: Iterable[Project]) -> dict[int, str]:
    """The same for many, by project; two queries."""
    found = states_of(projects).items()
    return {pk: one.sentence for pk, one in found if one.wind_down and one.wind_down.state in TO_COME}


def preview_of(project: Project, *, now: datetime) -> EndPreview:
    """What would end if the project were done now: two queries and the brake's."""
    grants = Grant.objects.filter(project=project, status__in=LIVE)
    lines = GrantMember.objects.filter(grant__in=grants, removed_at=None)
    count, live = grants.count(), Grant.objects.filter(status__in=LIVE).count()
    return EndPreview(
        grants=count,
        people=lines.values("person").distinct().count(),
        ends_at=now + timedelta(hours=project.grace_hours),
        braked=is_too_much(counted=count, live=live, limits=limits()),
    )


def health(*, now: datetime) -> JiraHealth:
    """How the connection to Jira is: three small queries."""
    mark = PollMark.objects.filter(pk=1).first() or PollMark()
    times = Watch.objects.aggregate(read=Max("checked_at"))
    failing = Watch.objects.filter(failures__gt=0).order_by("-failed_at").first()
    success = _later(times["read"], mark.succeeded_at)
    failures = [(mark.failed_at, mark.last_error)]
    failures += [(failing.failed_at, failing.last_error)] if failing else []
    failed_at, failure = max(((at, text) for at, text in failures if at), default=(None, ""))
    due = Watch.objects.filter(next_check_at__lt=now - OVERDUE).count() if is_configured() else 0
    ok = not failed_at or bool(success and success >= failed_at)
    missing = tuple(Watch.objects.exclude(missing_since=None).order_by("key").values_list("key", flat=True))
    sentence = _health_sentence(ok=ok and not due, failure=failure)
    return JiraHealth(is_configured(), ok and not due, success, failed_at, failure, due, missing, sentence)


def _health_sentence(*, ok: bool, failure: str) -> str:
    if not is_configured():
        return _("Jira is not connected, so finished projects do not end access by themselves.")
    if ok:
        return _("Jira answers.")
    if failure:
        return _("Jira could not be asked: %(reason)s Purser keeps trying.") % {"reason": failure}
    return _("Jira has not been asked for a while. Check that a worker runs.")


def _tracking(watch: Watch, wind_down: WindDown | None) -> ProjectTracking:
    base = settings.JIRA["base_url"]
    return ProjectTracking(
        kind=watch.kind,
        name=watch.key,
        url=f"{base}/browse/{watch.key}" if base else "",
        status_name=watch.status_name,
        done=watch.over,
        said_at=watch.checked_at if watch.category else None,
        missing_since=watch.missing_since,
        problem=_problem(watch),
        wind_down=wind_down,
        sentence=_wind_down_sentence(wind_down),
    )


def _problem(watch: Watch) -> str:
    if watch.missing_since:
        return _(
            "Jira shows no %(key)s: it was deleted, or Purser may not see it. No access ends because of this."
        ) % {"key": watch.key}
    if watch.failures:
        return _("Jira could not be asked: %(reason)s Purser keeps trying.") % {"reason": watch.last_error}
    return ""


def _wind_down_sentence(wind_down: WindDown | None) -> str:
    if wind_down is None:
        return ""
    if wind_down.state == WindDownState.RUNNING:
        return _running_sentence(wind_down)
    return str(_SENTENCES[wind_down.state])


def _running_sentence(wind_down: WindDown) -> str:
    said = {
        "when": date_format(localtime(wind_down.ends_at), "DATETIME_FORMAT"),
        "reason": wind_down.reason,
        "who": wind_down.paused_by,
        "why": wind_down.pause_reason,
    }
    if wind_down.paused_until is not None:
        return (
            _("On hold until %(when)s, by %(who)s: %(why)s. Then access ends because of %(reason)s.") % said
        )
    return _("Access ends on %(when)s because of %(reason)s.") % said


_SENTENCES = {
    WindDownState.ENDED: gettext_lazy("The project is done in Jira, so its access was ended."),
    WindDownState.CANCELLED: gettext_lazy("The project was re-opened in Jira in time. Access goes on."),
    WindDownState.REOPENED: gettext_lazy(
        "The project was re-opened in Jira. Access that had ended stays ended: send a new request."
    ),
    WindDownState.BRAKED: gettext_lazy(
        "The project is done in Jira, but too much access would end at once. It goes on until an administrator decides."
    ),
    WindDownState.KEPT: gettext_lazy(
        "The project is done in Jira. An administrator kept its access: it ends with its dates."
    ),
}


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)
