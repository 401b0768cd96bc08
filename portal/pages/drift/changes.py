"""Deciding about a difference, letting held removals go on, and looking at a system now."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from audit.ledger.errors import PurserError
from grants.delivery.drift_decisions import (
    ask_for_scan,
    decide_drift,
    refusal_to_decide,
    release_leftovers,
)
from grants.delivery.drift_states import Decision
from grants.delivery.targets import Target, target_of
from portal.pages.access import acting, refused, signed_in, viewer_of
from portal.pages.drift.forms import DecisionForm, ReleaseForm
from portal.pages.drift.views import context_of, found

DONE = {
    Decision.REVERT: gettext_lazy("It is being put right. This page shows it once it was seen."),
    Decision.ADOPT: gettext_lazy("Accepted. You hear of it again when it changes."),
    Decision.IGNORE: gettext_lazy("Ignored until that day, or until it changes."),
}


@require_POST
@signed_in
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide about what the page showed; what was seen since then is shown before it is decided. Raises Http404."""
    viewer = viewer_of(request)
    row = found(viewer, pk)
    if error := refusal_to_decide(viewer):
        return refused(request, error)
    form = DecisionForm(request.POST, drift=row)
    if form.is_valid():
        given: dict[str, Any] = {
            name: form.cleaned_data.get(name) for name in ("decision", "until", "reason")
        }
        try:
            decide_drift(drift=row, by=acting(request), now=timezone.now(), **given)
        except PurserError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, str(DONE[Decision(form.cleaned_data["decision"])]))
            return redirect("drift-detail", pk=pk)
    return render(request, "pages/drift/detail.html", context_of(row, viewer, form), status=422)


@require_POST
@signed_in
def release(request: HttpRequest) -> HttpResponse:
    """Let the removals of a system go on, with a reason. Raises Http404."""
    if error := refusal_to_decide(viewer_of(request)):
        return refused(request, error)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter a reason"))
        return redirect("drift")
    count = release_leftovers(
        target=_target(form.cleaned_data["target"]),
        reason=form.cleaned_data["reason"],
        by=acting(request),
        now=timezone.now(),
    )
    messages.success(request, _("Removals that go on now: %(count)s") % {"count": count})
    return redirect("drift")


@require_POST
@signed_in
def look_now(request: HttpRequest) -> HttpResponse:
    """Have a system looked at as soon as a worker comes to it. Raises Http404."""
    if error := refusal_to_decide(viewer_of(request)):
        return refused(request, error)
    ask_for_scan(target=_target(request.POST.get("target", "")), by=acting(request), now=timezone.now())
    messages.success(request, _("The system is looked at now. Load this page again in a moment."))
    return redirect("drift")


def _target(key: str) -> Target:
    target = target_of(key)
    if target is None:
        raise Http404
    return target
