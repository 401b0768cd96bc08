"""Taking along what is in place for a project at its systems."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from grants.delivery.errors import NotAllowed, NotExportable
from grants.delivery.exporting import FORMS, Export, export_applied, projects_of_export, targets_of
from grants.delivery.targets import target_of
from grants.directory.models import Project
from grants.directory.selectors import projects_visible_to
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.places import TARGET_KINDS


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One system of which a file can be taken along."""

    key: str
    name: str
    kind: str


class ExportForm(forms.Form):
    """Which system, in which form."""

    target = forms.SlugField()
    format = forms.ChoiceField(choices=[(form, form) for form in FORMS])


def exports_of(project: Project) -> list[ExportRow]:
    """The systems where something of the project is in place, by key."""
    found = targets_of(project)
    return [ExportRow(one.key, one.name, str(TARGET_KINDS.get(one.kind, one.kind))) for one in found]


@require_POST
@signed_in
def export(request: HttpRequest, key: str) -> HttpResponse:
    """Download what is in place for a project at one system; recorded. Raises Http404, PermissionDenied."""
    viewer, form = viewer_of(request), ExportForm(request.POST)
    project = get_object_or_404(projects_visible_to(viewer), key=key)
    try:
        projects = projects_of_export(viewer, project)
    except NotAllowed:
        raise PermissionDenied from None
    target = target_of(form.cleaned_data["target"]) if form.is_valid() else None
    if target is None:
        raise Http404
    asked = form.cleaned_data["format"]
    try:
        made = export_applied(
            target=target, form=asked, projects=projects, by=acting(request), now=timezone.now()
        )
    except NotExportable as error:
        messages.error(request, error.message)
        return redirect("project-detail", key=key)
    return _file(made)


def _file(made: Export) -> HttpResponse:
    response = HttpResponse(made.text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["Cache-Control"] = "no-store"
    return response
