"""The page that answers "Why can't I pull?"."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.pages.access import signed_in, viewer_of
from portal.pages.pullhelp.checks import diagnose
from portal.pages.pullhelp.reading import LONGEST


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def pull_help(request: HttpRequest) -> HttpResponse:
    """Run the checks on a pasted reference or error text; a short reference also comes with the address."""
    text = request.POST.get("text", request.GET.get("reference", "")).strip()[:LONGEST]
    answers = diagnose(viewer_of(request), text, now=timezone.now()) if text else []
    first = next((answer for answer in answers if answer.ok is False), None)
    context = {
        "text": text,
        "answers": answers,
        "first": first,
        "handout": "\n".join(f"{one.mark} {one.name}: {one.text}" for one in answers),
        "empty_post": request.method == "POST" and not text,
        "has_errors": request.method == "POST" and not text,
    }
    return render(
        request, "pages/pullhelp/pull_help.html", context, status=422 if context["empty_post"] else 200
    )
