"""Pages of the frame itself: preferences, help, accessibility, style guide, and problems told in words."""

import time
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST, require_safe

from grants.directory.actors import actor_for
from grants.directory.services import set_language
from portal.pages.shell import (
    DENSITY_COOKIE,
    KEPT_AT,
    KEYS_COOKIE,
    LIVE_COOKIE,
    THEME_COOKIE,
    THEMES,
    has_power,
)
from portal.pages.styleguide import samples

YEAR = 365 * 24 * 3600
CHOICES = {
    "theme": (THEME_COOKIE, THEMES),
    "live": (LIVE_COOKIE, ("on", "paused")),
    "keys": (KEYS_COOKIE, ("on", "off")),
    "density": (DENSITY_COOKIE, ("compact", "comfortable")),
}


@require_POST
def set_preferences(request: HttpRequest) -> HttpResponse:
    """Remember how this browser shows pages (language, theme, live, keys, density), and go back.

    `keep` only makes a signed-in session last its full age again. Unknown values change nothing.
    """
    by_htmx = "HX-Request" in request.headers
    response = HttpResponse(status=204) if by_htmx else redirect(_back(request))
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
        _keep_language(request, language)
    for name, (cookie, allowed) in CHOICES.items():
        if (value := request.POST.get(name)) in allowed:
            _remember(response, cookie, value)
    if "keep" in request.POST and request.user.is_authenticated:
        request.session[KEPT_AT] = time.time()
    return response


@require_safe
@login_required
def counts(request: HttpRequest) -> HttpResponse:
    """Show only the frame's counts, for its own live refresh; opened as a page it leads to the notifications."""
    if "HX-Request" not in request.headers:
        return redirect("/notifications/")
    return render(request, "components/counts.html")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Show how the product is used, to anybody: somebody who cannot sign in needs it most."""
    return render(request, "pages/help.html", {"session_hours": settings.SESSION_COOKIE_AGE // 3600})


@require_safe
def keyboard(request: HttpRequest) -> HttpResponse:
    """Show the keys of lists."""
    return render(request, "pages/help_keyboard.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """Show the accessibility statement."""
    return render(request, "pages/accessibility.html")


@require_safe
@login_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in its states, to administrators. Raises PermissionDenied for others."""
    if not has_power(request, "is_administrator"):
        raise PermissionDenied
    return render(request, "pages/styleguide.html", samples())


def problem_page(
    request: HttpRequest, *, status: int, title: str, text: str, people: Iterable[str] = ()
) -> HttpResponse:
    """Return a page that says why something cannot be done and which `people` can help."""
    context = {"problem_title": title, "problem_text": text, "people": list(people)}
    return render(request, "errors/problem.html", context, status=status)


def _keep_language(request: HttpRequest, language: str) -> None:
    """Change the language a person has kept, too: it goes before the browser's, so the choice would be lost."""
    person = getattr(getattr(request, "viewer", None), "person", None)
    if person is not None and person.language not in ("", language):
        set_language(person=person, language=language, by=actor_for(person), now=timezone.now())


def _remember(response: HttpResponse, cookie: str, value: str) -> None:
    response.set_cookie(cookie, value, max_age=YEAR, secure=settings.SECURE, httponly=True, samesite="Lax")


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/"
