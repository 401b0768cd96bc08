"""The counts beside links of the frame: approvals that wait, unread notifications."""

from django.http import HttpRequest

from approvals.requests.selectors import inbox_of
from portal.notify.selectors import unread_count
from portal.pages.shell import count_provider


def register() -> None:
    """Supply the frame's counts."""
    count_provider("inbox", waiting)
    count_provider("notifications", unread)


def waiting(request: HttpRequest) -> int:
    """How many requests the viewer may decide now."""
    viewer = getattr(request, "viewer", None)
    return inbox_of(viewer).order_by().count() if viewer and viewer.is_approver else 0


def unread(request: HttpRequest) -> int:
    """How many notifications the viewer has not read."""
    viewer = getattr(request, "viewer", None)
    return unread_count(viewer) if viewer else 0
