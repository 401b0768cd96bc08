"""Filling the directory from a CSV file: all faults at once, and with any fault nothing is changed."""

import csv
import io

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from grants.directory.rows import KINDS
from grants.directory.services import import_directory
from grants.directory.texts import explain_fault
from grants.directory.types import ImportReport
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.directory.forms import ImportForm

MOST_FAULTS = 500


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a file, or only check it, and show what was found. Raises PermissionDenied."""
    _only_administrators(request)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    report: ImportReport | None = None
    if form.is_valid():
        upload = form.cleaned_data["file"]
        report = import_directory(
            data=upload.read(),
            filename=upload.name,
            by=acting(request),
            now=timezone.now(),
            apply="check" not in request.POST,
        )
    faulty = bool(form.errors or (report and report.faults))
    context = {
        "form": form,
        "report": report,
        "faults": [(fault, explain_fault(fault)) for fault in report.faults[:MOST_FAULTS]] if report else [],
        "kinds": list(KINDS),
        "has_errors": faulty,
    }
    return render(request, "pages/directory/import.html", context, status=422 if faulty else 200)


@require_safe
@signed_in
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty file with the columns of one kind, which Excel opens. Raises Http404, PermissionDenied."""
    _only_administrators(request)
    if kind not in KINDS:
        raise Http404
    text = io.StringIO()
    csv.writer(text).writerow(KINDS[kind][1])
    response = HttpResponse(text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="purser-{kind}.csv"'
    return response


def _only_administrators(request: HttpRequest) -> None:
    if not viewer_of(request).is_administrator:
        raise PermissionDenied
