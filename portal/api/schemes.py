"""The ways to sign in, as the OpenAPI document tells them. Found by import when the applications are ready."""

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The bearer token in the OpenAPI document."""

    target_class = "portal.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Describe the header."""
        return {"type": "http", "scheme": "bearer", "description": "An API token made on the account page."}


class BrowserScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """The session cookie in the OpenAPI document."""

    target_class = "portal.api.authentication.SessionAuthentication"
    name = "session"
