"""The catalogue's list, the ticks in it, and one image."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from grants.catalogue.selectors import with_newest
from portal.live.topics import versions
from portal.pages.access import signed_in, viewer_of
from portal.pages.catalogue.detail import detail_of
from portal.pages.catalogue.forms import CatalogueFilter
from portal.pages.catalogue.presenters import narrowed_images, rows_of, unread_registries, whole_image
from portal.pages.catalogue.selection import clear_selection, keep_ticks, selected_ids, selected_images
from portal.pages.filters import chips_of
from portal.pages.paging import page_of


@require_safe
@signed_in
def catalogue(request: HttpRequest) -> HttpResponse:
    """List the images the viewer may see, with what they need to choose."""
    viewer, form = viewer_of(request), CatalogueFilter(request.GET)
    form.is_valid()
    images = narrowed_images(viewer, form.cleaned_data)
    page = page_of(request, with_newest(images))
    shown = {image.pk for image in page.rows}
    rows = rows_of(page.rows, viewer, selected_ids(request), timezone.now())
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "ticked_count": sum(row.ticked for row in rows),
        "elsewhere": [image for image in selected_images(request) if image.pk not in shown],
        "chips": chips_of(request, _labels(form)),
        "unread": unread_registries(images),
        "version": versions(["catalogue"])["catalogue"],
        "in_a_team": bool(viewer.team_ids or viewer.roles),
    }
    return render(request, "pages/catalogue/list.html", context)


@require_POST
@signed_in
def select(request: HttpRequest) -> HttpResponse:
    """Keep the ticks of one page of the list; then go on to a request, to the next page, or back."""
    if "clear" in request.POST:
        clear_selection(request)
    else:
        keep_ticks(request, shown=request.POST.getlist("shown"), ticked=request.POST.getlist("sel"))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    if "request" in request.POST:
        return redirect(request_address())
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()})
    return redirect(back if safe else "catalogue")


@require_safe
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one image: what it is, its tags, who approves, how to pull it or why to ask. Raises Http404."""
    image = whole_image(viewer_of(request), pk)
    if image is None:
        raise Http404
    return render(request, "pages/catalogue/detail.html", detail_of(request, image))


def request_address() -> str:
    """The page that makes a request of the ticked images."""
    try:
        return reverse("request-new")
    except NoReverseMatch:
        return reverse("catalogue")


def _labels(form: CatalogueFilter) -> list[tuple[str, str]]:
    chosen = form.cleaned_data
    labels = [("q", _("Search: %(text)s") % {"text": chosen["q"]} if chosen.get("q") else "")]
    for name in ("access", "scan", "have"):
        choices = dict(form.fields[name].choices)  # type: ignore[attr-defined]
        value = chosen.get(name)
        labels.append((name, f"{form.fields[name].label}: {choices[value]}" if value else ""))
    return labels
