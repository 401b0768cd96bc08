"""Who may call the API at all; what they may do there is said by selectors and services."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from portal.accounts.models import ApiToken
from portal.accounts.tokens import may_change

if TYPE_CHECKING:
    # rest_framework.views reads this module for its defaults while it is loaded itself.
    from rest_framework.views import APIView


class ActivePerson(BasePermission):
    """Active people only; a token with the scope `read` alone cannot change anything."""

    message = _("This token may only read.")
    code = "scope_too_small"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the call may reach the view."""
        if getattr(request, "viewer", None) is None or not request.user.is_authenticated:
            return False
        return (
            request.method in SAFE_METHODS
            or not isinstance(request.auth, ApiToken)
            or may_change(request.auth)
        )


class SignedInBrowser(ActivePerson):
    """No tokens: for making tokens and secrets, which a stolen token must not be able to prolong itself by."""

    message = _("Sign in with the browser to do this.")
    code = "browser_only"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the call comes from a session."""
        return super().has_permission(request, view) and not isinstance(request.auth, ApiToken)
