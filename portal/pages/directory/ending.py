"""The end of a project that is done in Jira: shown beforehand, put on hold, let go on."""

from datetime import datetime, time

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from audit.ledger.errors import PurserError
from grants.directory.models import Project
from grants.directory.selectors import projects_visible_to
from grants.tracker.models import WindDown
from grants.tracker.pausing import latest_end, may_pause, pause, resume
from grants.tracker.selectors import preview_of, state_of
from grants.tracker.states import WindDownState
from portal.pages.access import acting, signed_in, viewer_of


class HoldForm(forms.Form):
    """Until when access shall go on, and why."""

    until = forms.DateField(
        label=gettext_lazy("On hold until the end of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("Enter a date"), "invalid": gettext_lazy("Enter a date")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The members read it."),
        error_messages={"required": gettext_lazy("Enter a reason")},
    )

    def moment(self, latest: datetime | None) -> datetime:
        """The end of the chosen day in the site's time zone; on the last day possible, the last moment possible."""
        day = self.cleaned_data["until"]
        if latest is not None and timezone.localdate(latest) == day:
            return latest
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def ending(request: HttpRequest, key: str) -> HttpResponse:
    """Show what ends with the project, and put that on hold. Raises Http404, PermissionDenied."""
    found = _project(request, key)
    form = HoldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            pause(
                project=found,
                until=form.moment(_latest(found)),
                reason=form.cleaned_data["reason"],
                by=acting(request),
                now=timezone.now(),
            )
        except PurserError as error:
            form.add_error("until" if error.code in {"not_later", "too_long"} else None, error.message)
        else:
            messages.success(request, _("The end is on hold. Everybody concerned is told."))
            return redirect("project-detail", key=key)
    return _page(request, found, form)


@require_POST
@signed_in
def go_on(request: HttpRequest, key: str) -> HttpResponse:
    """Take the hold back. Raises Http404, PermissionDenied."""
    resume(project=_project(request, key), by=acting(request), now=timezone.now())
    messages.success(request, _("The hold is taken back. Everybody concerned is told."))
    return redirect("project-detail", key=key)


def _project(request: HttpRequest, key: str) -> Project:
    viewer = viewer_of(request)
    found = get_object_or_404(projects_visible_to(viewer), key=key)
    if not may_pause(found, viewer):
        raise PermissionDenied
    return found


def _running(project: Project) -> WindDown | None:
    tracking = state_of(project)
    wind_down = tracking.wind_down if tracking else None
    return wind_down if wind_down is not None and wind_down.state == WindDownState.RUNNING else None


def _latest(project: Project) -> datetime | None:
    running = _running(project)
    return latest_end(running) if running else None


def _page(request: HttpRequest, project: Project, form: HoldForm) -> HttpResponse:
    context = {
        "project": project,
        "tracking": state_of(project),
        "wind_down": _running(project),
        "latest": _latest(project),
        "preview": preview_of(project, now=timezone.now()),
        "form": form,
    }
    return render(request, "pages/directory/ending.html", context, status=422 if form.errors else 200)
