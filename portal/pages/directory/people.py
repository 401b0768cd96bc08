"""People: who they are, what they have, and switching them off and on."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.ledger.errors import PurserError
from grants.directory import services
from grants.directory.models import Membership, Person
from grants.directory.selectors import people_visible_to
from grants.lifecycle.selectors import live_grants_for
from portal.pages.access import acting, refused, signed_in, viewer_of
from portal.pages.directory.finding import find_people
from portal.pages.directory.forms import PeopleFilter, ReasonForm
from portal.pages.directory.person import person_context
from portal.pages.paging import page_of


@require_safe
@signed_in
def people(request: HttpRequest) -> HttpResponse:
    """List the people the viewer may see."""
    form = PeopleFilter(request.GET)
    form.is_valid()
    text, state = form.cleaned_data.get("q", ""), form.cleaned_data.get("state", "")
    found = find_people(viewer_of(request), text)
    if state:
        found = found.filter(active=state == "active")
    places = Membership.objects.select_related("team").order_by("team__name")
    page = page_of(request, found.prefetch_related("roles", Prefetch("memberships", queryset=places)))
    context = {
        "form": form,
        "page": page,
        "searched": bool(text or state),
        "may_import": viewer_of(request).is_administrator,
    }
    return render(request, "pages/directory/people.html", context)


@require_safe
@signed_in
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a person: addresses, teams, roles, access, tokens, what happened. Raises Http404."""
    found = get_object_or_404(people_visible_to(viewer_of(request)), pk=pk)
    return render(request, "pages/directory/person.html", person_context(viewer_of(request), found))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what disabling does and ask for the reason, then do it. Raises Http404, PermissionDenied."""
    found = _person(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.disable_person(
                person=found, reason=form.cleaned_data["reason"], by=acting(request), now=timezone.now()
            )
        except PurserError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The person is disabled. Their access is ending."))
            return redirect("person-detail", pk=pk)
    context: dict[str, Any] = {"form": form, "person": found, "grants": live_grants_for(found).count()}
    return render(request, "pages/directory/disable.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a disabled person sign in again. Raises Http404, PermissionDenied."""
    found = _person(request, pk)
    services.enable_person(person=found, by=acting(request), now=timezone.now())
    messages.success(request, _("The person can sign in again. Access that ended stays ended."))
    return redirect("person-detail", pk=pk)


@require_POST
@signed_in
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget the person's sign-in identities. Raises Http404, PermissionDenied."""
    found = _person(request, pk)
    try:
        services.release_identities(person=found, by=acting(request), now=timezone.now())
    except PurserError as error:
        return refused(request, error)
    messages.success(request, _("Their next verified sign-in is linked anew."))
    return redirect("person-detail", pk=pk)


def _person(request: HttpRequest, pk: int) -> Person:
    viewer = viewer_of(request)
    found = get_object_or_404(people_visible_to(viewer), pk=pk)
    if not viewer.is_administrator:
        raise PermissionDenied
    return found
