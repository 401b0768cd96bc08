"""Who calls the API: a bearer token, or the signed-in browser with its CSRF token."""

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.authentication import SessionAuthentication as BaseSession
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import ApiToken, User
from portal.accounts.services import user_for
from portal.accounts.tokens import authenticate_bearer, standing_with

KEYWORD = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer pur_…` (RFC 6750). Sets `request.viewer` to what the token reaches."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """User and token; None without a bearer token. Raises AuthenticationFailed for one that does not count."""
        keyword, _space, secret = get_authorization_header(request).partition(b" ")
        if keyword.lower() != KEYWORD.lower().encode():
            return None
        token = authenticate_bearer(secret.strip().decode("ascii", "replace"))
        if token is None:
            raise AuthenticationFailed(_("The token is unknown, ended or revoked."), code="bad_token")
        _become(request._request, token)  # noqa: SLF001 - DRF documents no other way to the Django request
        return user_for(token.person), token

    def authenticate_header(self, request: Request) -> str:
        """Make a missing sign-in 401, as RFC 9110 asks."""
        return KEYWORD


class SessionAuthentication(BaseSession):
    """The signed-in browser; changes need its CSRF token."""


def _become(request: HttpRequest, token: ApiToken) -> None:
    request.viewer = standing_with(token)  # type: ignore[attr-defined]
    if token.person.language:
        translation.activate(token.person.language)
