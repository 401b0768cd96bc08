"""The approver's list, one request beside it, and the decision."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from approvals.policy.texts import explain, lane_label
from approvals.policy.types import Outcome
from approvals.requests import services
from approvals.requests.errors import NotAllowed, NotApprovable, RequestError
from approvals.requests.models import Request
from approvals.requests.selectors import decidable_lanes, deciders_of
from portal.pages.access import acting, refused, signed_in, viewer_of
from portal.pages.inbox.detail import detail_of, names_of
from portal.pages.inbox.forms import DecisionForm
from portal.pages.inbox.listing import list_of, sent_request, view_of
from portal.pages.requests.saving import revision_of

DONE: dict[str, Promise] = {
    "approve": gettext_lazy("You approved %(number)s for %(lane)s."),
    "deny": gettext_lazy("You rejected %(number)s."),
    "ask": gettext_lazy("Your question about %(number)s was sent to %(name)s."),
}


@require_safe
@signed_in
def inbox(http: HttpRequest) -> HttpResponse:
    """Show what waits, due first. People who decide nothing and may not read everything have no inbox."""
    _require_inbox(http)
    return render(http, "pages/inbox/inbox.html", list_of(http))


@require_safe
@signed_in
def inbox_detail(http: HttpRequest, pk: int) -> HttpResponse:
    """Show one request beside the list, with the form to decide where the viewer may."""
    _require_inbox(http)
    return detail_page(http, pk)


@require_POST
@signed_in
def decide(http: HttpRequest, pk: int) -> HttpResponse:
    """Decide for one lane, for the revision that was seen. What is refused comes back with the text kept."""
    _require_inbox(http)
    request = sent_request(http, pk)
    lanes = {*decidable_lanes(request, viewer_of(http)), http.POST.get("lane", "")} - {""}
    form = DecisionForm(http.POST, lanes=sorted(lanes))
    if not form.is_valid():
        return detail_page(http, pk, form, status=422)
    try:
        _decide(http, request, form.cleaned_data)
    except NotAllowed as error:
        return refused(http, error, people=names_of(dict(deciders_of([request]).get(pk, {}))))
    except RequestError as error:
        return _not_decided(http, pk, form, error)
    _say(http, request, form.cleaned_data)
    return redirect(f"{reverse('inbox')}?view={view_of(http)}&done={pk}")


def detail_page(
    http: HttpRequest, pk: int, form: DecisionForm | None = None, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """The list with one request open, as it is now."""
    context = list_of(http, pk)
    context |= detail_of(http, context["open"], context["staff"], form) | extra
    return render(http, "pages/inbox/inbox.html", context, status=status)


def _decide(http: HttpRequest, request: Request, given: dict[str, Any]) -> None:
    services.decide(
        request=request,
        lane=given["lane"],
        verdict=given["verdict"],
        reason=given["reason"],
        revision=revision_of(http),
        decider=viewer_of(http).person,
        by=acting(http),
        now=timezone.now(),
    )


def _not_decided(http: HttpRequest, pk: int, form: DecisionForm, error: RequestError) -> HttpResponse:
    """The same screen with the reason, what was typed, and the request as it is now."""
    if isinstance(error, NotApprovable):
        blocked = [explain(result) for result in error.evaluation.of(Outcome.BLOCKED)]
        return detail_page(http, pk, form, status=422, notice=error.message, reasons=blocked)
    if error.status == 422:
        form.add_error("reason", error.message)
        return detail_page(http, pk, form, status=422)
    return detail_page(
        http, pk, form, status=error.status, notice=error.message, kept=form.cleaned_data["reason"]
    )


def _say(http: HttpRequest, request: Request, given: dict[str, Any]) -> None:
    words = {
        "number": request.number,
        "lane": lane_label(given["lane"]),
        "name": request.requester.name,
    }
    messages.success(http, str(DONE[given["verdict"]]) % words)


def _require_inbox(http: HttpRequest) -> None:
    viewer = viewer_of(http)
    if not (viewer.is_approver or viewer.sees_all):
        raise NotAllowed("not_an_approver", _("Only approvers have a list of requests to decide."))
