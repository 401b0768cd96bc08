"""Search over images, requests, grants, projects and people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.pages.access import signed_in, viewer_of
from portal.pages.search.finding import find, places_of


@require_safe
@signed_in
def search(request: HttpRequest) -> HttpResponse:
    """Show what matches the words, a section each, and the pages whose names match."""
    viewer, text = viewer_of(request), request.GET.get("q", "").strip()[:200]
    sections = find(viewer, text, now=timezone.now()) if text else []
    context = {
        "text": text,
        "sections": sections,
        "places": places_of(request, text),
        "count": sum(len(section.hits) for section in sections),
    }
    return render(request, "pages/search/search.html", context)
