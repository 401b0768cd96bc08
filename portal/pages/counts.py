"""The counts beside links of the frame: approvals that wait, unread notifications."""

from django.http import HttpRequest

from approvals.requests.selectors import inbox_of
from portal.notify.selectors import unread_count
from portal.pages.shell import count_provider

KEPT = "waiting_for_viewer"


def register() -> None:
    """Supply the frame's counts."""
    count_provider("inbox", waiting)
    count_provider("notifications", unread)


def waiting(request: HttpRequest) -> int:
    """How many requests the viewer may decide now; counted once a page."""
    if KEPT not in request.__dict__:
        viewer = getattr(request, "viewer", None)
        keep_waiting(request, inbox_of(viewer).order_by().count() if viewer and viewer.is_approver else 0)
    return int(request.__dict__[KEPT])


def keep_waiting(request: HttpRequest, count: int) -> None:
    """Tell the frame the count, where a page worked it out already."""
    request.__dict__[KEPT] = count


def unread(request: HttpRequest) -> int:
    """How many notifications the viewer has not read."""
    viewer = getattr(request, "viewer", None)
    return unread_count(viewer) if viewer else 0
