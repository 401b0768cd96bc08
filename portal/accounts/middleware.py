"""Every request's viewer: who asks, in which language, what must not be kept, and what is closed."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from grants.directory.models import Person
from grants.directory.standing import standing_of
from portal.accounts.provider import UNREACHABLE, unreachable_page

ACCOUNTS = "/accounts/"
OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "openid_connect_login",
    "openid_connect_callback",
    "saml_login",
    "saml_acs",
    "saml_finish_acs",
    "saml_sls",
    "saml_metadata",
}
"""The routes of allauth that exist for us; sign-up, connections and e-mail management do not."""

OPEN_LOCALLY = {"account_reauthenticate", "account_change_password"}
WAS_HERE = "was-here"
"""Cookie that outlives the session, to tell somebody whose session ended from somebody new. Holds no secret."""

WAS_HERE_AGE = 30 * 24 * 3600
RAN_OUT, TAKEN = "ran-out", "taken"


class ViewerMiddleware:
    """`request.viewer`: the Standing of the signed-in active person, or None. Stands behind authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read the standing once for each request; leave nothing of a signed-in page in caches."""
        person: Person | None = getattr(request.user, "person", None)
        signed_in = person is not None and person.active
        taken = not signed_in and SESSION_KEY in request.session
        if taken:
            # The person was disabled: the session must not come back to life with them.
            request.session.flush()
        request.viewer = standing_of(person) if person and signed_in else None  # type: ignore[attr-defined]
        if person and signed_in and person.language:
            translation.activate(person.language)
            request.LANGUAGE_CODE = person.language
        response = _for_htmx(request, self.get_response(request))
        if signed_in and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        _mark(request, response, taken=taken)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> None:
        """Close what is not ours of allauth, and tell people on the sign-in page why they are there."""
        match = request.resolver_match
        if match is None or not request.path.startswith(ACCOUNTS):
            return
        if match.url_name not in OPEN | (OPEN_LOCALLY if settings.LOCAL_ACCOUNTS else set()):
            raise Http404
        ended = request.COOKIES.get(WAS_HERE)
        if match.url_name == "account_login" and request.method == "GET" and ended and request.viewer is None:  # type: ignore[attr-defined]
            messages.info(request, _why(ended))
            request.told_why = True  # type: ignore[attr-defined]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a provider that does not answer into a page; allauth lets those errors through."""
        if request.path.startswith(ACCOUNTS) and isinstance(exception, UNREACHABLE):
            return unreachable_page(request)
        return None


def _why(ended: str) -> str:
    if ended == TAKEN:
        return _("You were signed out because your account changed. Sign in again to carry on.")
    hours = settings.SESSION_COOKIE_AGE // 3600
    return _("You were signed out after %(hours)s hours. Sign in to carry on.") % {"hours": hours}


def _for_htmx(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Lead the whole page to sign-in: htmx would follow a redirect and swap the sign-in page into a fragment."""
    location = response.headers.get("Location", "")
    if response.status_code != 302 or "HX-Request" not in request.headers:
        return response
    return HttpResponseClientRedirect(location) if location.startswith(settings.LOGIN_URL) else response


def _mark(request: HttpRequest, response: HttpResponse, *, taken: bool) -> None:
    """Remember that this browser was signed in, until it signs out or was told why it is not."""
    before = request.COOKIES.get(WAS_HERE)
    still = request.user.is_authenticated
    if taken or (still and before != RAN_OUT):
        response.set_cookie(
            WAS_HERE,
            TAKEN if taken else RAN_OUT,
            max_age=WAS_HERE_AGE,
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
    elif before and not still and (request.viewer or getattr(request, "told_why", False)):  # type: ignore[attr-defined]
        response.delete_cookie(WAS_HERE, samesite="Lax")
