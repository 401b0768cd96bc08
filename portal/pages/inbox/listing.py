"""The list of an approver: its views, its rows, and what was decided elsewhere while it was open."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.requests.models import Decision, Request
from approvals.requests.selectors import inbox_of, read_parts, requests_visible_to, staff_of, with_counts
from grants.directory.standing import Standing
from portal.pages.access import viewer_of
from portal.pages.counts import keep_waiting, waiting
from portal.pages.inbox.presenters import inbox_rows
from portal.pages.markup import moment_text
from portal.pages.paging import PAGE_SIZE, Paged, number, page_of
from portal.pages.requests.presenters import status_code
from portal.pages.shell import count_topics, topic_versions
from portal.pages.words import word

VIEWS: dict[str, Promise] = {
    "mine": gettext_lazy("Waiting for me"),
    "group": gettext_lazy("Waiting for my group"),
    "asked": gettext_lazy("Question asked"),
    "decided": gettext_lazy("Decided by me"),
    "all": gettext_lazy("All I may see"),
}


def view_of(http: HttpRequest) -> str:
    """The view that the address asks for; who decides nothing has only the last one."""
    if not viewer_of(http).is_approver:
        return "all"
    view = http.GET.get("view", "mine")
    return view if view in VIEWS else "mine"


def list_of(http: HttpRequest, pk: int | None = None) -> dict[str, Any]:
    """Everything the list shows, and `open`, the request beside it. Raises Http404 for one that is not to be seen.

    Lists and the open request are read together: the number of queries does not grow with the rows.
    """
    viewer, view, now = viewer_of(http), view_of(http), timezone.now()
    page, shown = _page(http, view), _shown(http)
    taken = _taken(viewer, page.rows, shown)
    requests = _in_place([*page.rows, *taken], shown)
    current = _open(http, pk, requests) if pk else None
    everything = [*requests, *([current] if current else [])]
    read_parts(everything)
    topics = [f"inbox:{viewer.person.pk}", *([current.label] if current else []), *count_topics(http)]
    staff = staff_of(everything, viewer)
    last = None if requests else _last_decision(viewer)
    return {
        "open": current,
        "staff": staff,
        "view": view,
        "tabs": _tabs(viewer, view),
        "page": page,
        "rows": inbox_rows(
            requests,
            viewer,
            now,
            deciders=staff.deciders,
            taken={request.pk: _taken_text(request) for request in taken},
        ),
        "current": current.pk if current else 0,
        "topic": topics[0],
        "version": topic_versions(http, topics)[topics[0]],
        "live_url": _live_url(current, view, requests),
        "waiting": waiting(http),
        "last": last,
        "last_at": moment_text(last.at) if last else "",
        "done": number(http.GET.get("done")),
    }


def sent_request(http: HttpRequest, pk: int) -> Request:
    """The request, if it was sent and the viewer may see it; else Http404."""
    seen = requests_visible_to(viewer_of(http)).exclude(submitted_at=None)
    return get_object_or_404(with_counts(seen), pk=pk)


def _page(http: HttpRequest, view: str) -> Paged[Request]:
    page = page_of(http, inbox_of(viewer_of(http), view=view).prefetch_related(None))
    if view == "mine" and page.total is not None:
        keep_waiting(http, page.total)
    return page


def _open(http: HttpRequest, pk: int, rows: list[Request]) -> Request:
    return next((row for row in rows if row.pk == pk), None) or sent_request(http, pk)


def _tabs(viewer: Standing, current: str) -> list[dict[str, Any]]:
    url = reverse("inbox")
    return [
        {"label": label, "url": f"{url}?view={view}", "current": view == current, "count": None}
        for view, label in VIEWS.items()
        if viewer.is_approver or view == "all"
    ]


def _shown(http: HttpRequest) -> list[int]:
    """The requests the browser shows already, when the list refreshes itself."""
    found = [number(text) for text in http.GET.get("shown", "").split("-")]
    return [pk for pk in found if pk is not None][: 2 * PAGE_SIZE]


def _taken(viewer: Standing, rows: list[Request], shown: list[int]) -> list[Request]:
    """Requests that were shown and have left the view: they stay, greyed, until the page is opened anew."""
    gone = set(shown) - {request.pk for request in rows}
    return list(with_counts(requests_visible_to(viewer).filter(pk__in=gone))) if gone else []


def _in_place(requests: list[Request], shown: list[int]) -> list[Request]:
    """What was shown keeps its place; what is new comes after it."""
    places = {pk: place for place, pk in enumerate(shown)}
    return sorted(requests, key=lambda request: places.get(request.pk, len(places)))


def _taken_text(request: Request) -> str:
    made = [decision for lane in request.lanes.all() for decision in lane.decisions.all()]
    last: Decision | None = max(made, key=lambda decision: decision.at, default=None)
    if last is None or last.verdict == "ask":
        return str(word("request", status_code(request)).label)
    words = (
        _("Approved by %(name)s, %(time)s")
        if last.verdict == "approve"
        else _("Rejected by %(name)s, %(time)s")
    )
    return words % {"name": last.person.name, "time": moment_text(last.at)}


def _live_url(current: Request | None, view: str, requests: list[Request]) -> str:
    shown = "-".join(str(request.pk) for request in requests)
    path = reverse("inbox-detail", args=[current.pk]) if current else reverse("inbox")
    return f"{path}?{urlencode({'view': view, 'shown': shown})}"


def _last_decision(viewer: Standing) -> Decision | None:
    made = Decision.objects.filter(person=viewer.person, verdict__in=("approve", "deny"))
    return made.select_related("lane__request").order_by("-at").first()
