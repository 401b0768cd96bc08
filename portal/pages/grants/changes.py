"""Giving back, lengthening, taking away, and trying again: one page each that says what happens, then does it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.ledger.errors import PurserError
from grants.delivery.permissions import retry_refusal
from grants.delivery.retrying import retry_now
from grants.lifecycle import services
from grants.lifecycle.models import Grant
from grants.lifecycle.permissions import refusal
from grants.lifecycle.selectors import grants_visible_to, with_bundle
from portal.pages.access import acting, refused, signed_in, viewer_of
from portal.pages.grants.forms import ExtendForm, ReturnForm, RevokeForm, SeenForm

Act = Callable[..., Grant]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give access back before its time. Raises Http404."""
    return _change(
        request, pk, "give_back", ReturnForm, services.give_back, _("The access is being given back.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the end to a later day. Raises Http404."""
    return _change(request, pk, "extend", ExtendForm, services.extend, _("The access lasts longer now."))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take access away. Raises Http404."""
    return _change(request, pk, "revoke", RevokeForm, services.revoke, _("The access is being taken away."))


@require_POST
@signed_in
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Have failing deliveries tried again now. Raises Http404."""
    grant = _grant(request, pk)
    if refusal_to_retry := retry_refusal(grant, viewer_of(request)):
        return refused(request, refusal_to_retry)
    lines = retry_now(grant=grant, by=acting(request), now=timezone.now())
    if lines:
        messages.success(request, _("Trying again now. This page follows how it goes."))
    else:
        messages.info(request, _("Nothing is failing any more."))
    return redirect("grant-detail", pk=pk)


def _change(
    request: HttpRequest, pk: int, move: str, form_class: type[SeenForm], act: Act, done: str
) -> HttpResponse:
    grant = _grant(request, pk)
    error = refusal(move, grant=grant, viewer=viewer_of(request))
    if error is not None:
        return refused(request, error)
    posted = request.POST if request.method == "POST" else None
    form = form_class(posted, initial={"seen": grant.ends.isoformat()})
    if form.is_valid() and _done(request, form, grant, act):
        messages.success(request, done)
        return redirect("grant-detail", pk=pk)
    people = sum(row.removed_at is None for row in grant.members.all())
    context = {"form": form, "grant": grant, "people": people, "seen": grant.ends.isoformat()}
    return render(request, f"pages/grants/{move}.html", context, status=422 if form.errors else 200)


def _done(request: HttpRequest, form: SeenForm, grant: Grant, act: Act) -> bool:
    given: dict[str, Any] = {name: form.cleaned_data[name] for name in form.fields if name != "seen"}
    seen: datetime = form.cleaned_data["seen"]
    grant.ends, shown = seen, grant.ends
    try:
        act(grant=grant, by=acting(request), now=timezone.now(), **given)
    except PurserError as error:
        form.add_error("ends" if "ends" in form.fields else None, error.message)
        grant.ends = shown
        return False
    return True


def _grant(request: HttpRequest, pk: int) -> Grant:
    grant = with_bundle(grants_visible_to(viewer_of(request)).filter(pk=pk)).first()
    if grant is None:
        raise Http404
    return grant
