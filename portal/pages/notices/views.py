"""The viewer's notifications."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.live.topics import versions
from portal.notify.selectors import notifications_of
from portal.notify.services import mark_read
from portal.notify.texts import url_of
from portal.pages.access import signed_in, viewer_of
from portal.pages.notices.presenters import groups_of
from portal.pages.paging import page_of


@require_safe
@signed_in
def notifications(request: HttpRequest) -> HttpResponse:
    """List what the viewer was told, newest first, grouped by request."""
    viewer = viewer_of(request)
    rows = notifications_of(viewer)
    unread_only = request.GET.get("show") == "unread"
    page = page_of(request, rows.filter(read_at=None) if unread_only else rows)
    topic = viewer.person.label
    context = {
        "page": page,
        "groups": groups_of(page.rows, language=get_language() or ""),
        "unread": rows.filter(read_at=None).count(),
        "unread_only": unread_only,
        "topic": topic,
        "version": versions([topic])[topic],
    }
    return render(request, "pages/notices/list.html", context)


@require_POST
@signed_in
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    count = mark_read(recipient=viewer_of(request).person, now=timezone.now())
    messages.success(request, _("Everything is read.") if count else _("Nothing was unread."))
    return redirect("notifications")


@require_POST
@signed_in
def open_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read and go to the page that shows how things stand now. Raises Http404."""
    viewer = viewer_of(request)
    row = get_object_or_404(notifications_of(viewer), pk=pk)
    mark_read(recipient=viewer.person, now=timezone.now(), pks=[row.pk])
    if "stay" in request.POST:
        return redirect("notifications")
    return redirect(urlsplit(url_of(row)).path)
