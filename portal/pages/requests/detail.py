"""One request: where it stands, what was asked, by whom it was decided and what came of it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from approvals.requests.models import Message, Request
from approvals.requests.selectors import (
    decidable_lanes,
    may_edit,
    requests_visible_to,
    staff_of,
    waiting_reasons,
    with_parts,
)
from approvals.requests.states import FINAL, RequestStatus
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import grants_of, grants_visible_to
from portal.pages.access import signed_in, viewer_of
from portal.pages.requests.changes import changes_context
from portal.pages.requests.checking import answers_of
from portal.pages.requests.costing import costing_of
from portal.pages.requests.forms import AnswerForm
from portal.pages.requests.matrix import Matrix, matrix_context, matrix_csv, matrix_of
from portal.pages.requests.presenters import (
    lane_rows,
    policy_rows,
    sent_results,
    status_code,
    title_of,
)
from portal.pages.requests.timeline import timeline_of
from portal.pages.requests.wizard import first_open_step
from portal.pages.shell import count_topics, topic_versions

TABS: Mapping[str, Promise] = {
    "summary": gettext_lazy("Summary"),
    "members": gettext_lazy("Members"),
    "policy": gettext_lazy("Policy"),
    "changes": gettext_lazy("Changes"),
    "conversation": gettext_lazy("Conversation"),
    "timeline": gettext_lazy("Timeline"),
}


@require_safe
@signed_in
def request_detail(http: HttpRequest, pk: int) -> HttpResponse:
    """Show one request by its tab (`?tab=`). People who may not see it get 404."""
    tab, request = http.GET.get("tab", "summary"), whole(http, pk)
    if tab == "members" and http.GET.get("format") == "csv":
        return matrix_csv(http, request, _matrix(http, request))
    return detail_page(http, request, tab if tab in TABS else "summary")


def detail_page(
    http: HttpRequest, request: Request, tab: str, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """The page with one tab open; `extra` brings a form that was refused."""
    context = _frame(http, request, tab) | PARTS[tab](http, request) | extra
    return render(http, "pages/requests/detail.html", context, status=status)


def whole(http: HttpRequest, pk: int) -> Request:
    """The request with its lanes, decisions and images, if the viewer may see it; else Http404."""
    said = Message.objects.filter(request=OuterRef("pk")).order_by().values("request")
    seen = with_parts(requests_visible_to(viewer_of(http)))
    return get_object_or_404(seen.annotate(said=Subquery(said.annotate(n=Count("pk")).values("n"))), pk=pk)


def _frame(http: HttpRequest, request: Request, tab: str) -> dict[str, Any]:
    viewer, topic, now = viewer_of(http), request.label, timezone.now()
    edits, staff = may_edit(request, viewer), staff_of([request], viewer)
    return {
        "request_row": request,
        "title": title_of(request),
        "status": status_code(request),
        "where": waiting_reasons([request], now, staff.deciders).get(request.pk, ""),
        "lanes": lane_rows(request, staff.deciders.get(request.pk, {})),
        "grants": _grants(request, viewer),
        "tab": tab,
        "tabs": _tabs(request, tab),
        "topic": topic,
        "version": topic_versions(http, [topic, *count_topics(http)])[topic],
        "just_sent": "sent" in http.GET and request.status == RequestStatus.PENDING,
        "continue_url": first_open_step(request) if edits and request.status == RequestStatus.DRAFT else "",
        "may_edit": edits and request.status not in FINAL,
        "may_copy": viewer.is_lead,
        "decides": bool(decidable_lanes(request, viewer, staff)),
        "asked": status_code(request) == "question",
    }


def _tabs(request: Request, tab: str) -> list[dict[str, Any]]:
    url = reverse("request-detail", args=[request.pk])
    counts = {
        "members": request.people_count,  # type: ignore[attr-defined]
        "conversation": request.said,  # type: ignore[attr-defined]
    }
    return [
        {
            "label": label,
            "url": f"{url}?tab={name}",
            "current": name == tab,
            "count": counts.get(name) or None,
        }
        for name, label in TABS.items()
    ]


def _grants(request: Request, viewer: Standing) -> list[dict[str, Any]]:
    """The grant this request became, with the address of its page."""
    grants = grants_visible_to(viewer).filter(pk__in=grants_of(request.label).values("pk"))
    return [{"grant": grant, "url": _grant_url(grant)} for grant in grants]


def _grant_url(grant: Grant) -> str:
    try:
        return reverse("grant-detail", args=[grant.pk])
    except NoReverseMatch:
        return ""


def _summary(http: HttpRequest, request: Request) -> dict[str, Any]:
    people: int = request.people_count  # type: ignore[attr-defined]
    return {
        "answers": answers_of(request),
        "costing": costing_of(request, viewer_of(http), people=people, decides=viewer_of(http).is_approver),
    }


def _members(http: HttpRequest, request: Request) -> dict[str, Any]:
    return matrix_context(http, _matrix(http, request))


def _matrix(http: HttpRequest, request: Request) -> Matrix:
    grant = grants_visible_to(viewer_of(http)).filter(pk__in=grants_of(request.label).values("pk")).first()
    return matrix_of(request, grant, timezone.now())


def _policy(http: HttpRequest, request: Request) -> dict[str, Any]:
    return {"policy": policy_rows(sent_results(request)), "rule_set": request.rule_set_version}


def _conversation(http: HttpRequest, request: Request) -> dict[str, Any]:
    return {"conversation": request.messages.select_related("author"), "form": AnswerForm()}


def _timeline(http: HttpRequest, request: Request) -> dict[str, Any]:
    return {"timeline": timeline_of(request, grants_of(request.label))}


PARTS: Mapping[str, Callable[[HttpRequest, Request], dict[str, Any]]] = {
    "summary": _summary,
    "members": _members,
    "policy": _policy,
    "changes": changes_context,
    "conversation": _conversation,
    "timeline": _timeline,
}
