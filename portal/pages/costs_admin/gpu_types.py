"""Types of GPU: their names on pages, their names at sources, their colours."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.costs.gpu_types import change_gpu_type
from audit.costs.listing import gpu_types
from audit.costs.naming import add_gpu_type
from audit.ledger.errors import PurserError
from portal.pages.access import acting, signed_in
from portal.pages.costs_admin.frame import draw, last_change, refuse, require_keeper
from portal.pages.costs_admin.type_forms import GpuTypeForm

FIELDS = {"alias_taken": "aliases", "gpu_type_there": "label", "bad_gpu_type": "label"}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """Describe a type that no source has named yet. Raises PermissionDenied."""
    require_keeper(request)
    form = GpuTypeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            add_gpu_type(**form.cleaned_data, by=acting(request))
        except PurserError as error:
            refuse(form, error, FIELDS)
        else:
            return _done(request)
    return draw(request, "gpu_type", {"type": None}, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def gpu_type(request: HttpRequest, key: str) -> HttpResponse:
    """Change how a type is called and coloured. Raises Http404, PermissionDenied."""
    require_keeper(request)
    found = get_object_or_404(gpu_types(), key=key)
    form = GpuTypeForm(request.POST if request.method == "POST" else None, gpu_type=found)
    if form.is_valid():
        try:
            change_gpu_type(key=key, **form.cleaned_data, by=acting(request))
        except PurserError as error:
            refuse(form, error, FIELDS)
        else:
            return _done(request)
    context = {"type": found, "changed": last_change("audit.gpu-type", f"gpu-type:{key}")}
    return draw(request, "gpu_type", context, form=form)


def _done(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("The type is saved."))
    return redirect("cost-rates")
