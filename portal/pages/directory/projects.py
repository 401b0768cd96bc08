"""Projects: what access is asked for, their access, robots and settings."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.ledger.errors import PurserError
from grants.directory.models import Project
from grants.directory.selectors import projects_visible_to
from grants.lifecycle.selectors import grants_visible_to, with_bundle
from grants.lifecycle.states import LIVE
from grants.tokens.permissions import may_keep_robots, may_make_robot
from grants.tokens.selectors import credentials_visible_to
from grants.tracker.pausing import may_pause
from grants.tracker.selectors import state_of
from portal.edges.closing import save_project
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.directory.exports import exports_of
from portal.pages.directory.finding import find_projects
from portal.pages.directory.forms import ProjectForm, RobotForm, WordsForm
from portal.pages.paging import page_of

MOST_GRANTS = 20


@require_safe
@signed_in
def projects(request: HttpRequest) -> HttpResponse:
    """List the projects the viewer may see."""
    form = WordsForm(request.GET)
    form.is_valid()
    text = form.cleaned_data.get("q", "")
    page = page_of(request, find_projects(viewer_of(request), text))
    context = {"form": form, "page": page, "searched": bool(text)}
    return render(request, "pages/directory/projects.html", context)


@require_safe
@signed_in
def project(request: HttpRequest, key: str) -> HttpResponse:
    """Show a project: its facts, its access, its robots. Raises Http404."""
    found = get_object_or_404(projects_visible_to(viewer_of(request)), key=key)
    return project_page(request, found, RobotForm())


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings(request: HttpRequest, key: str) -> HttpResponse:
    """Change a project's settings; closing it ends its access. Raises Http404, PermissionDenied."""
    viewer = viewer_of(request)
    found = get_object_or_404(projects_visible_to(viewer), key=key)
    if not viewer.is_administrator:
        raise PermissionDenied
    form = ProjectForm.of(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            followed = save_project(
                project=found, changes=form.changes(), by=acting(request), now=timezone.now()
            )
        except PurserError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The settings are saved."))
            if followed.held:
                messages.warning(request, _("So much access would end at once that the brake holds it back."))
            return redirect("project-detail", key=key)
    context = {"form": form, "project": found}
    return render(request, "pages/directory/settings.html", context, status=422 if form.errors else 200)


def project_page(request: HttpRequest, found: Project, form: RobotForm) -> HttpResponse:
    """The page of one project, with the robot form as it was sent."""
    viewer = viewer_of(request)
    now = timezone.now()
    live = grants_visible_to(viewer).filter(project=found, status__in=LIVE)
    robots = credentials_visible_to(viewer).filter(project=found, revoked_at=None, expires_at__gt=now)
    may_audit = viewer.sees_all or found.team_id in viewer.led_team_ids
    context: dict[str, Any] = {
        "project": found,
        "grants": with_bundle(live)[:MOST_GRANTS],
        "robots": robots,
        "robot_form": form,
        "may_make_robots": may_make_robot(found, viewer),
        "may_end_robots": may_keep_robots(found, viewer),
        "may_change": viewer.is_administrator,
        "may_pause": may_pause(found, viewer),
        "may_audit": may_audit,
        "exports": exports_of(found) if may_audit else [],
        "tracking": state_of(found),
        "has_errors": bool(form.errors),
    }
    return render(request, "pages/directory/project.html", context, status=422 if form.errors else 200)


def add_errors(form: Any, error: PurserError) -> None:
    """Put a service's refusal where it belongs in the form: at its fields where it names them."""
    fields = error.detail.get("fields")
    if not isinstance(fields, dict):
        form.add_error(None, error.message)
        return
    for name, sentence in fields.items():
        form.add_error(name if name in form.fields else None, sentence)
