"""Reservations of teams, and overhead of months."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.costs import listing
from audit.costs.models import Reservation
from audit.costs.reservations import remove_reservation, set_reservation
from audit.ledger.errors import PurserError
from portal.edges.cost_owners import owners
from portal.pages.access import acting, signed_in
from portal.pages.costs_admin.forms import ReservationForm
from portal.pages.costs_admin.frame import draw, last_change, refuse, require_keeper, require_reader
from portal.pages.paging import page_of


@require_safe
@signed_in
def reservations(request: HttpRequest) -> HttpResponse:
    """List what teams have reserved. Raises PermissionDenied."""
    require_reader(request)
    page = page_of(request, listing.reservations())
    names, labels = owners(), {one.key: one.label for one in listing.gpu_types()}
    rows = [
        {
            "reservation": one,
            "team": names.team(one.team),
            "gpu_type": labels.get(one.gpu_type, one.gpu_type),
            "last": one.ends - timedelta(days=1) if one.ends else None,
        }
        for one in page.rows
    ]
    return draw(request, "reservations", {"page": page, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """Add a reservation. Raises PermissionDenied."""
    require_keeper(request)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reservation(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a reservation. Raises Http404, PermissionDenied."""
    require_keeper(request)
    return _edit(request, get_object_or_404(listing.reservations(), pk=pk))


@require_POST
@signed_in
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a reservation away. Raises Http404, PermissionDenied."""
    require_keeper(request)
    found = get_object_or_404(listing.reservations(), pk=pk)
    remove_reservation(name=found.name, by=acting(request), now=timezone.now())
    messages.success(request, _("The reservation is removed."))
    return redirect("cost-reservations")


def _edit(request: HttpRequest, found: Reservation | None) -> HttpResponse:
    types = [(one.key, one.label) for one in listing.gpu_types()]
    posted = request.POST if request.method == "POST" else None
    form = ReservationForm(posted, known=owners(), types=types, reservation=found)
    if form.is_valid():
        terms = form.terms(found.name if found else "")
        try:
            set_reservation(terms=terms, by=acting(request), now=timezone.now())
        except PurserError as error:
            refuse(form, error, {})
        else:
            messages.success(request, _("The reservation is saved."))
            return redirect("cost-reservations")
    changed = last_change("audit.reservation", f"reservation:{found.pk}") if found else None
    return draw(request, "reservation", {"reservation": found, "changed": changed}, form=form)
