"""Where usage comes from: how each source does, what was brought, files, and what the nightly check found."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.costs import listing
from audit.costs.bringing import bring_file, look_at_file
from audit.costs.checks import open_violations
from audit.costs.holding import drop_file, held_file, hold_file
from audit.costs.keeping import ask_now
from audit.costs.models import HeldFile, Source
from audit.ledger.errors import PurserError
from portal.edges.cost_faults import Said, faults_of, said
from portal.pages.access import acting, refused, signed_in
from portal.pages.costs_admin.frame import draw, require_keeper, require_reader
from portal.pages.costs_admin.source_forms import UsageFileForm
from portal.pages.costs_admin.source_rows import (
    broken_rules,
    day_changes,
    file_facts,
    source_row,
    source_rows,
)
from portal.pages.paging import page_of

MOST_RULES = 100
MOST_FAULTS = 500


@require_safe
@signed_in
def sources(request: HttpRequest) -> HttpResponse:
    """Show every source, how far it was read, and what the nightly check found. Raises PermissionDenied."""
    require_reader(request)
    rows = source_rows(listing.sources(), now=timezone.now())
    found = list(open_violations()[: MOST_RULES + 1])
    context = {
        "rows": rows,
        "broken": broken_rules(found[:MOST_RULES]),
        "more_broken": len(found) > MOST_RULES,
    }
    return draw(request, "sources", context)


@require_safe
@signed_in
def source(request: HttpRequest, key: str) -> HttpResponse:
    """Show one source with what it brought, newest first. Raises Http404, PermissionDenied."""
    require_reader(request)
    found = get_object_or_404(listing.sources(), key=key)
    page = page_of(request, listing.loads_of([found]))
    return draw(request, "source", {"row": source_row(found, now=timezone.now()), "page": page})


@require_safe
@signed_in
def loads(request: HttpRequest) -> HttpResponse:
    """List what was brought, newest first. Raises PermissionDenied."""
    require_reader(request)
    return draw(request, "loads", {"page": page_of(request, listing.loads_of())})


@require_POST
@signed_in
def read_now(request: HttpRequest, key: str) -> HttpResponse:
    """Have a source asked within a minute. Raises Http404, PermissionDenied."""
    require_keeper(request)
    found = get_object_or_404(listing.sources(), key=key)
    try:
        ask_now(source=found, by=acting(request), now=timezone.now())
    except PurserError as error:
        return refused(request, error)
    messages.success(request, _("The source is asked within a minute. Load this page again then."))
    return redirect("cost-source", key=key)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def bring(request: HttpRequest, key: str) -> HttpResponse:
    """Look at a file, then take it: nothing is stored before. Raises Http404, PermissionDenied."""
    require_keeper(request)
    found = get_object_or_404(listing.sources(), key=key)
    if kept := request.POST.get("take"):
        return _take(request, found, kept)
    if kept := request.POST.get("leave"):
        drop_file(key=kept, by=acting(request))
        messages.success(request, _("The file is forgotten. Nothing was stored."))
        return redirect("cost-source", key=key)
    form = UsageFileForm(request.POST, request.FILES) if request.method == "POST" else UsageFileForm()
    if not form.is_valid():
        return _form_page(request, found, form)
    upload, asked = form.cleaned_data["file"], form.cleaned_data["format"]
    return _look(request, found, form, hold=(upload.read(), upload.name, asked))


def _look(
    request: HttpRequest, found: Source, form: UsageFileForm, *, hold: tuple[bytes, str, str]
) -> HttpResponse:
    """Show what the file would change, and keep it until that is confirmed."""
    (data, name, asked), now = hold, timezone.now()
    try:
        look = look_at_file(source=found, data=data, name=name, format=asked, now=now)
    except PurserError as error:
        return _form_page(request, found, form, faults_of(error) or [Said("", error.code, error.message)])
    if look.preview.faults:
        return _form_page(request, found, form, said(look.preview.faults))
    kept = hold_file(data=data, name=name, source=found, file_format=asked, by=acting(request), now=now)
    context = {
        "source": found,
        "kept": kept,
        "facts": file_facts(look.readings),
        "days": day_changes(look.preview.days),
        "notes": [note for reading in look.readings for note in reading.notes],
    }
    return draw(request, "source_preview", context)


def _take(request: HttpRequest, found: Source, key: str) -> HttpResponse:
    by, now = acting(request), timezone.now()
    try:
        kept: HeldFile = held_file(key=key, source=found, by=by, now=now)
        load = bring_file(
            source=found, data=bytes(kept.data), name=kept.name, format=kept.format, by=by, now=now
        )
    except PurserError as error:
        wrong = faults_of(error) or [Said("", error.code, error.message)]
        return _form_page(request, found, UsageFileForm(), wrong)
    drop_file(key=key, by=by)
    if load.changed_slices:
        messages.success(request, _("The file is stored, and every sum it touches is made anew."))
    else:
        messages.success(request, _("The file says what was stored already. Nothing changed."))
    return redirect("cost-source", key=found.key)


def _form_page(
    request: HttpRequest, found: Source, form: UsageFileForm, faults: list[Said] | None = None
) -> HttpResponse:
    shown: dict[str, Any] = {"faults": (faults or [])[:MOST_FAULTS], "fault_count": len(faults or [])}
    context = {"source": found, "has_errors": bool(faults), **shown}
    return draw(request, "source_file", context, form=form, status=422 if faults else 200)
