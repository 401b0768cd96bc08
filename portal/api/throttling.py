"""How often the API may be called: by person, so that ten tokens are not ten allowances; else by address."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    # rest_framework.views reads this module for its defaults while it is loaded itself.
    from rest_framework.views import APIView


class PersonThrottle(SimpleRateThrottle):
    """`PURSER_API_RATE` calls for each person; calls of nobody, refused sign-ins included, for each address."""

    scope = "person"

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        """What the call counts against."""
        viewer = getattr(request._request, "viewer", None)  # noqa: SLF001 - `request.viewer` would sign in anew
        return f"throttle:{viewer.person.label if viewer else address_of(request)}"


def address_of(request: Request) -> str:
    """The caller's address; behind a proxy of ours the last one the proxy wrote, else the connection's."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded.rpartition(",")[2].strip())
    return str(request.META.get("REMOTE_ADDR", ""))
