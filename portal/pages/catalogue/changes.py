"""What administrators decide about an image: restricted, blocked, scanned."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit.ledger.errors import PurserError
from grants.catalogue import services
from grants.catalogue.models import Image
from grants.catalogue.selectors import images_visible_to
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.catalogue.forms import BlockForm, MarkForm, ScanForm


@dataclass(frozen=True)
class Mark:
    """One decision: its service, its words, and what happens."""

    act: Callable[..., Image]
    title: Promise
    effect: Promise
    done: Promise
    danger: bool = False
    form: type[MarkForm] = MarkForm


MARKS = {
    "block": Mark(
        services.block_image,
        _("Block this image"),
        _("Nobody can ask for it any more, and all access to it ends within a minute. Running jobs go on."),
        _("The image is blocked. Access to it is ending."),
        danger=True,
        form=BlockForm,
    ),
    "unblock": Mark(
        services.unblock_image,
        _("Unblock this image"),
        _("It can be asked for again. Access that ended stays ended."),
        _("The image can be asked for again."),
    ),
    "restrict": Mark(
        services.restrict_image,
        _("Restrict this image"),
        _("From now on Security approves requests for it too. Access that exists goes on."),
        _("Security now approves requests for this image too."),
    ),
    "allow": Mark(
        services.allow_image,
        _("Lift the restriction of this image"),
        _("From now on MLOps alone approves requests for it."),
        _("MLOps alone approves requests for this image now."),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def mark_image(request: HttpRequest, pk: int, mark: str) -> HttpResponse:
    """Say what a mark does and ask for the reason, then set it. Raises Http404, PermissionDenied."""
    image = _image(request, pk)
    chosen = MARKS.get(mark)
    if chosen is None:
        raise Http404
    form = chosen.form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            chosen.act(image=image, by=acting(request), now=timezone.now(), **form.cleaned_data)
        except PurserError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, str(chosen.done))
            return redirect("image-detail", pk=pk)
    context = {"form": form, "image": image, "mark": chosen}
    return render(request, "pages/catalogue/mark.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add_scan(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a scan report for one of the image's versions. Raises Http404, PermissionDenied."""
    image = _image(request, pk)
    form = ScanForm(request.POST, request.FILES) if request.method == "POST" else ScanForm()
    if form.is_valid():
        try:
            services.upload_scan(
                image=image, report=form.cleaned_data["report"], by=acting(request), now=timezone.now()
            )
        except PurserError as error:
            form.add_error("report", error.message)
        else:
            messages.success(request, _("The report is kept and counts from now on."))
            return redirect("image-detail", pk=pk)
    context = {"form": form, "image": image}
    return render(request, "pages/catalogue/scan.html", context, status=422 if form.errors else 200)


def _image(request: HttpRequest, pk: int) -> Image:
    image = get_object_or_404(images_visible_to(viewer_of(request)), pk=pk)
    if not viewer_of(request).is_administrator:
        raise PermissionDenied
    return image
