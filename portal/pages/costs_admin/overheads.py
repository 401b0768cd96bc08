"""Overhead: costs of a month that belong to nobody alone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.costs import listing
from audit.costs.models import Overhead
from audit.costs.overheads import remove_overhead, set_overhead
from audit.costs.settings import cost_settings
from audit.ledger.errors import PurserError
from portal.pages.access import acting, signed_in
from portal.pages.costs_admin.forms import OverheadForm
from portal.pages.costs_admin.frame import draw, last_change, refuse, require_keeper, require_reader
from portal.pages.costs_admin.words import METHODS
from portal.pages.paging import page_of


@require_safe
@signed_in
def overheads(request: HttpRequest) -> HttpResponse:
    """List the overhead of months, newest first. Raises PermissionDenied."""
    require_reader(request)
    context = {
        "page": page_of(request, listing.overheads()),
        "method": METHODS[cost_settings().shared_method],
    }
    return draw(request, "overheads", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """Add overhead to a month. Raises PermissionDenied."""
    require_keeper(request)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def overhead(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the amount of an overhead. Raises Http404, PermissionDenied."""
    require_keeper(request)
    return _edit(request, get_object_or_404(listing.overheads(), pk=pk))


@require_POST
@signed_in
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take overhead away. Raises Http404, PermissionDenied."""
    require_keeper(request)
    found = get_object_or_404(listing.overheads(), pk=pk)
    remove_overhead(month=found.month, name=found.name, by=acting(request))
    messages.success(request, _("The overhead is removed."))
    return redirect("cost-overhead")


def _edit(request: HttpRequest, found: Overhead | None) -> HttpResponse:
    form = OverheadForm(request.POST if request.method == "POST" else None, overhead=found)
    if form.is_valid():
        kept = {"month": found.month, "name": found.name} if found else {}
        try:
            set_overhead(**{**kept, **form.cleaned_data}, by=acting(request))
        except PurserError as error:
            refuse(form, error, {})
        else:
            messages.success(request, _("The overhead is saved."))
            return redirect("cost-overhead")
    changed = last_change("audit.overhead", f"overhead:{found.pk}") if found else None
    return draw(request, "overhead", {"overhead": found, "changed": changed}, form=form)
