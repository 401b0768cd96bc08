"""Puts the viewer's standing on the request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from grants.directory.standing import standing_of


class ViewerMiddleware:
    """`request.viewer`: the Standing of the signed-in active person, or None."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read the standing once for each request."""
        person = getattr(request.user, "person", None)
        request.viewer = standing_of(person) if person and person.active else None  # type: ignore[attr-defined]
        return self.get_response(request)
