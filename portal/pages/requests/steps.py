"""Writing a request: starting it, and the steps for project and purpose."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.types import DraftChanges
from audit.costs.listing import gpu_types
from grants.directory.selectors import leads_of, projects_requestable_by, teams_visible_to
from grants.directory.standing import Standing
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.markup import moment_text
from portal.pages.requests.costing import costing_of
from portal.pages.requests.forms import ProjectForm, PurposeForm, purpose_of
from portal.pages.requests.images import images_step
from portal.pages.requests.members import members_step
from portal.pages.requests.saving import Problem, keep
from portal.pages.requests.selection import chosen_images, forget_selection
from portal.pages.requests.wizard import editable, next_url, posted, returns_to_check, sent, step_list
from portal.pages.shellviews import problem_page


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def request_new(http: HttpRequest) -> HttpResponse:
    """Start a request: choose the project and what for; saving makes the draft, with the images selected so far."""
    viewer = viewer_of(http)
    if not projects_requestable_by(viewer).exists():
        return _nothing_to_lead(http, viewer)
    form = ProjectForm(posted(http), viewer=viewer, initial={"role": "viewer", "environment": "research"})
    if http.method == "POST" and form.is_valid():
        draft = _start(http, form)
        return redirect(next_url(http, draft, "project"))
    context = {"form": form, "steps": step_list(None, "project"), "chosen": len(chosen_images(http))}
    return render(http, "pages/requests/step_project.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def request_step(http: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Change one part of a draft, or of a request that still waits (which then asks its approvers again)."""
    view = VIEWS.get(step)
    if view is None:
        raise Http404
    return view(http, editable(http, pk))


def project_step(http: HttpRequest, request: Request) -> HttpResponse:
    """Step 1 of a request that exists."""
    initial = {
        "project": request.project_id,
        "role": request.role,
        "environment": request.environment,
    }
    form = ProjectForm(posted(http), viewer=viewer_of(http), initial=initial)
    return _form_step(http, request, form, "project")


def purpose_step(http: HttpRequest, request: Request) -> HttpResponse:
    """Step 4: why and how long."""
    form = PurposeForm(posted(http), initial=purpose_of(request))
    people = request.members.filter(left_out=False).count()
    more = {
        "costing": costing_of(request, viewer_of(http), people=people),
        "gpu_types": list(gpu_types().values_list("label", flat=True)),
    }
    return _form_step(http, request, form, "purpose", more)


VIEWS: Mapping[str, Callable[[HttpRequest, Request], HttpResponse]] = {
    "project": project_step,
    "images": images_step,
    "members": members_step,
    "purpose": purpose_step,
}


def _form_step(
    http: HttpRequest,
    request: Request,
    form: ProjectForm | PurposeForm,
    step: str,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    problem: Problem | None = None
    if form.is_bound:
        problem = keep(http, request, form, form.changes()) if form.is_valid() else Problem(422)
        if problem is None:
            say_saved(http, request)
            return redirect(next_url(http, request, step))
    context: dict[str, Any] = {
        "form": form,
        "request_row": request,
        "problem": problem,
        "has_errors": problem is not None,
        "steps": step_list(request, step),
        "sent": sent(request),
        "back": returns_to_check(http),
        **(more or {}),
    }
    return render(
        http, f"pages/requests/step_{step}.html", context, status=problem.status if problem else 200
    )


def say_saved(http: HttpRequest, request: Request) -> None:
    """Tell when the draft was saved, where the next page does not show it."""
    if http.POST.get("later"):
        messages.success(http, _("Draft saved at %(time)s.") % {"time": moment_text(timezone.now())})
    elif sent(request):
        messages.success(http, _("The request was changed. All approvers are asked again."))


def _start(http: HttpRequest, form: ProjectForm) -> Request:
    """Make the draft with the first answers and the images that were selected in the catalogue."""
    by, now, person = acting(http), timezone.now(), viewer_of(http).person
    draft = services.start_draft(requester=person, project=form.cleaned_data["project"], by=by, now=now)
    given = form.changes().given() | {"images": chosen_images(http)}
    draft = services.update_draft(
        request=draft, changes=DraftChanges(**given), revision=draft.revision, by=by, now=now
    )
    forget_selection(http)
    return draft


def _nothing_to_lead(http: HttpRequest, viewer: Standing) -> HttpResponse:
    if viewer.is_lead:
        return problem_page(
            http,
            status=403,
            title=_("Your teams have no open project"),
            text=_("Access is asked for a project. Ask an administrator to add one for your team."),
        )
    teams = teams_visible_to(viewer).filter(pk__in=viewer.team_ids)
    names = dict.fromkeys(lead.name for team in teams for lead in leads_of(team))
    text = _("Ask one of these people to request for you, or to make you a lead.")
    return problem_page(
        http,
        status=403,
        title=_("You are not a lead of any team"),
        text=text
        if names
        else _("Only leads of a team can request access. Ask your lead or an administrator."),
        people=names,
    )
