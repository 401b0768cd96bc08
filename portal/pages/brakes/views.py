"""Pages of the brake: what is held back and was, the preview, and the decision of an administrator."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.ledger.errors import PurserError
from grants.directory.standing import Standing
from grants.lifecycle.brake import limits, window
from grants.lifecycle.holds import refuse, release
from grants.lifecycle.models import Hold
from grants.lifecycle.selectors import grants_of_hold, holds_visible_to, with_bundle
from grants.lifecycle.states import HoldState
from portal.live.topics import versions
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.brakes.forms import DecisionForm
from portal.pages.brakes.presenters import affected
from portal.pages.paging import page_of

TOPIC = "brakes"


@require_safe
@signed_in
def brakes(request: HttpRequest) -> HttpResponse:
    """List what the brake holds back, and what it held. Raises PermissionDenied."""
    page = page_of(request, holds_visible_to(_reader(request)).order_by("-pk"))
    context = {
        "page": page,
        "limits": limits(),
        "minutes": int(window().total_seconds() // 60),
        "topic": TOPIC,
        "version": versions([TOPIC])[TOPIC],
    }
    return render(request, "pages/brakes/list.html", context)


@require_safe
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what would end, grant by grant, and ask for a decision. Raises Http404, PermissionDenied."""
    return _page(request, pk, DecisionForm())


@require_POST
@signed_in
def release_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """End what is held back. Raises Http404, PermissionDenied."""
    return _decide(request, pk, release, _("It is released: the access is ending."), with_seen=True)


@require_POST
@signed_in
def refuse_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the access. Raises Http404, PermissionDenied."""
    return _decide(request, pk, refuse, _("It is refused: the access stays until its own end."))


def _reader(request: HttpRequest) -> Standing:
    viewer = viewer_of(request)
    if not viewer.sees_all:
        raise PermissionDenied
    return viewer


def _decide(
    request: HttpRequest, pk: int, act: Callable[..., Hold], done: str, *, with_seen: bool = False
) -> HttpResponse:
    viewer = _reader(request)
    if not viewer.is_administrator:
        raise PermissionDenied
    hold, form = get_object_or_404(holds_visible_to(viewer), pk=pk), DecisionForm(request.POST)
    if form.is_valid():
        given: dict[str, Any] = {"reason": form.cleaned_data["reason"]}
        given |= {"seen": form.cleaned_data["seen"]} if with_seen else {}
        try:
            act(hold=hold, by=acting(request), now=timezone.now(), **given)
        except PurserError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, done)
            return redirect("brake-detail", pk=pk)
    return _page(request, pk, form)


def _page(request: HttpRequest, pk: int, form: DecisionForm) -> HttpResponse:
    viewer = _reader(request)
    hold = get_object_or_404(holds_visible_to(viewer), pk=pk)
    page = page_of(request, with_bundle(grants_of_hold(hold)))
    context = {
        "hold": hold,
        "page": page,
        "rows": affected(hold, page.rows),
        "form": form,
        "may_decide": viewer.is_administrator and hold.state == HoldState.HELD,
        "topic": TOPIC,
        "version": versions([TOPIC])[TOPIC],
    }
    return render(request, "pages/brakes/detail.html", context, status=422 if form.errors else 200)
