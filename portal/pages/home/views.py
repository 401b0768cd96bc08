"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.pages.access import signed_in, viewer_of
from portal.pages.costs_unused import unused_hints
from portal.pages.home.presenters import work_of
from portal.pages.home.spend import led_teams, spend_of
from portal.pages.pull_panel import client_of
from portal.pages.shell import topic_versions


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Show what needs the viewer, their requests in progress and their access."""
    viewer, now = viewer_of(request), timezone.now()
    pk = viewer.person.pk
    moved = topic_versions(request, [f"person:{pk}", f"inbox:{pk}"])
    led = led_teams(viewer, now=now)
    context = {
        "work": work_of(viewer, client=client_of(request), now=now),
        "spend": spend_of(led, now=now),
        "unused": unused_hints(led),
        "person_topic": f"person:{pk}",
        "inbox_topic": f"inbox:{pk}",
        "person_version": moved[f"person:{pk}"],
        "inbox_version": moved[f"inbox:{pk}"],
    }
    return render(request, "pages/home/home.html", context)
