"""Who opens a page: signed-in people only; what a service refuses becomes a page in the user's words."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from audit.ledger.actors import Actor
from audit.ledger.errors import PurserError
from grants.directory.actors import actor_for
from grants.directory.standing import Standing
from portal.pages.shellviews import problem_page

View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Let only people with a standing (`request.viewer`) reach the view; others sign in and come back.

    A fragment asked for after the session ended leads the whole page to sign-in. Answers vary by HX-Request.
    What a service refuses and the view does not turn into a form error becomes a page.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "viewer", None) is None:
            return _to_sign_in(request)
        try:
            response = view(request, *args, **kwargs)
        except PurserError as error:
            response = refused(request, error)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return checked


def viewer_of(request: HttpRequest) -> Standing:
    """The standing of the signed-in person; only behind `signed_in`."""
    return cast(Standing, request.viewer)  # type: ignore[attr-defined]


def acting(request: HttpRequest) -> Actor:
    """The signed-in person as the actor of a change; only behind `signed_in`."""
    return actor_for(viewer_of(request).person)


def refused(request: HttpRequest, error: PurserError, *, people: Iterable[str] = ()) -> HttpResponse:
    """A page that says what a service refused and who can help, with the error's HTTP status."""
    return problem_page(
        request, status=error.status, title=_title(error.status), text=error.message, people=people
    )


def _title(status: int) -> str:
    if status == 403:
        return _("You cannot do this")
    return _("We could not find that") if status == 404 else _("This could not be done")


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': _wanted(request)})}"
    return HttpResponseClientRedirect(url) if request.headers.get("HX-Request") else redirect(url)


def _wanted(request: HttpRequest) -> str:
    """Where to come back to: the page itself, for a post or a fragment the page it came from."""
    fragment = request.headers.get("HX-Current-URL", "")
    if request.method == "GET" and not fragment:
        return request.get_full_path()
    parts = urlsplit(fragment or request.headers.get("Referer", ""))
    safe = url_has_allowed_host_and_scheme(parts.geturl(), {request.get_host()})
    back = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return back if safe and back else "/"
