"""Teams and who is in them."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from grants.directory.models import Membership
from grants.directory.roles import TeamRole
from grants.directory.selectors import teams_visible_to
from portal.pages.access import signed_in, viewer_of
from portal.pages.directory.finding import find_projects, find_teams
from portal.pages.directory.forms import WordsForm
from portal.pages.paging import page_of


@require_safe
@signed_in
def teams(request: HttpRequest) -> HttpResponse:
    """List the teams the viewer may see, with leads and counts."""
    viewer, form = viewer_of(request), WordsForm(request.GET)
    form.is_valid()
    leads = (
        Membership.objects.filter(role=TeamRole.LEAD).select_related("person").order_by("person__folded_name")
    )
    found = find_teams(viewer, form.cleaned_data.get("q", ""))
    page = page_of(
        request, found.prefetch_related(Prefetch("memberships", queryset=leads, to_attr="lead_places"))
    )
    context = {"form": form, "page": page, "searched": bool(form.cleaned_data.get("q"))}
    return render(request, "pages/directory/teams.html", context)


@require_safe
@signed_in
def team(request: HttpRequest, key: str) -> HttpResponse:
    """Show a team's people and projects. Raises Http404."""
    viewer = viewer_of(request)
    found = get_object_or_404(teams_visible_to(viewer), key=key)
    places = found.memberships.select_related("person").order_by("role", "person__folded_name", "pk")
    context: dict[str, Any] = {
        "team": found,
        "places": places,
        "projects": find_projects(viewer, "").filter(team=found),
        "may_audit": viewer.sees_all or found.pk in viewer.led_team_ids,
    }
    return render(request, "pages/directory/team.html", context)
