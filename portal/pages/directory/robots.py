"""Robots: credentials of a project for machines, shown once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.ledger.errors import PurserError
from grants.directory.models import Project
from grants.directory.selectors import projects_visible_to
from grants.tokens.permissions import keeping_refusal, robot_refusal
from grants.tokens.selectors import credentials_visible_to
from grants.tokens.services import create_robot, revoke_credential
from portal.pages.access import acting, refused, signed_in, viewer_of
from portal.pages.account.secrets import credential_page
from portal.pages.directory.forms import RobotForm
from portal.pages.directory.projects import project_page


@require_POST
@signed_in
def create(request: HttpRequest, key: str) -> HttpResponse:
    """Make a robot and show its secret, this once. Raises Http404."""
    project = _project(request, key)
    if refusal := robot_refusal(project, viewer_of(request)):
        return refused(request, refusal)
    form = RobotForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            credential, secret = create_robot(
                project=project,
                name=given["name"],
                days=given["days"],
                by=acting(request),
                now=timezone.now(),
            )
        except PurserError as error:
            form.add_error("name" if error.code == "bad_name" else None, error.message)
        else:
            return credential_page(request, credential, secret)
    return project_page(request, project, form)


@require_POST
@signed_in
def revoke(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """End a robot's credential. Raises Http404."""
    project = _project(request, key)
    if refusal := keeping_refusal(project, viewer_of(request)):
        return refused(request, refusal)
    credential = get_object_or_404(credentials_visible_to(viewer_of(request)), pk=pk, project=project)
    revoke_credential(credential=credential, by=acting(request), now=timezone.now())
    messages.success(request, _("The robot is revoked. The registry refuses it from now on."))
    return redirect("project-detail", key=key)


def _project(request: HttpRequest, key: str) -> Project:
    return get_object_or_404(projects_visible_to(viewer_of(request)), key=key)
