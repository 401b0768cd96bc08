"""The list of requests a person may see."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from approvals.requests.models import REQUEST_STATUSES, Request
from approvals.requests.selectors import requests_visible_to, waiting_reasons, with_parts
from approvals.requests.states import OPEN
from grants.directory.standing import Standing
from portal.live.topics import versions
from portal.pages.access import signed_in, viewer_of
from portal.pages.paging import number, page_of
from portal.pages.requests.presenters import images_text, status_code, title_of
from portal.pages.words import word

STATES = {code for code, _label in REQUEST_STATUSES} | {"open"}


@require_safe
@signed_in
def requests_list(http: HttpRequest) -> HttpResponse:
    """Requests, newest first: one's own, the team's, or all one may see; narrowed by state and words."""
    viewer = viewer_of(http)
    views = _views(viewer)
    view = http.GET.get("view", "")
    view = view if view in views else next(iter(views))
    seen = _narrowed(views[view], http)
    page = page_of(http, with_parts(seen).order_by("-pk"))
    topic = f"person:{viewer.person.pk}"
    context = {
        "rows": _rows(page.rows),
        "page": page,
        "tabs": _tabs(views, view),
        "view": view,
        "filtered": bool(http.GET.get("state") or http.GET.get("q")),
        "states": _state_choices(http),
        "query": http.GET.get("q", ""),
        "topic": topic,
        "version": versions([topic])[topic],
        "may_request": viewer.is_lead,
    }
    return render(http, "pages/requests/list.html", context)


def _views(viewer: Standing) -> dict[str, QuerySet[Request]]:
    """The views this person has, the one for their daily work first."""
    seen = requests_visible_to(viewer)
    views = {"mine": seen.filter(requester=viewer.person)} if viewer.is_lead else {}
    if viewer.is_lead:
        views["team"] = seen.filter(project__team_id__in=viewer.led_team_ids)
    return {**views, "all": seen}


def _narrowed(requests: QuerySet[Request], http: HttpRequest) -> QuerySet[Request]:
    state, text = http.GET.get("state", ""), http.GET.get("q", "").strip()[:100]
    if state in STATES:
        requests = requests.filter(status__in=OPEN if state == "open" else [state])
    if (pk := number(text.upper().removeprefix("REQ-"))) is not None:
        return requests.filter(pk=pk)
    for part in text.split():
        requests = requests.filter(
            Q(project__name__icontains=part)
            | Q(requester__name__icontains=part)
            | Q(use_case__icontains=part)
            | Q(ticket__icontains=part)
        )
    return requests


def _rows(requests: list[Request]) -> list[dict[str, Any]]:
    reasons = waiting_reasons(requests, timezone.now())
    return [
        {
            "request": request,
            "title": title_of(request),
            "status": status_code(request),
            "images": images_text(request),
            "where": reasons.get(request.pk, ""),
        }
        for request in requests
    ]


def _tabs(views: dict[str, Any], current: str) -> list[dict[str, Any]]:
    labels = {"mine": _("Mine"), "team": _("My teams'"), "all": _("All I may see")}
    url = reverse("requests")
    return [
        {"label": labels[view], "url": f"{url}?view={view}", "current": view == current, "count": None}
        for view in views
    ]


def _state_choices(http: HttpRequest) -> list[tuple[str, str, bool]]:
    chosen = http.GET.get("state", "")
    named = [("", _("Any state")), ("open", _("Open"))]
    named += [
        (code, str(word("request", code).label))
        for code, _label in REQUEST_STATUSES
        if code != "partly_approved"
    ]
    return [(code, label, code == chosen) for code, label in named]
