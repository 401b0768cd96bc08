"""The explorer of events, one event, and downloads of exactly what is on screen."""

import json
from typing import Any

from django.forms import Field
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from audit.ledger.export import export_events
from audit.ledger.selectors import COUNT_LIMIT, count_events, event_page, events_visible_to
from portal.edges.scopes import event_scope
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.audit.forms import EventFilter
from portal.pages.audit.histogram import histogram_of
from portal.pages.audit.integrity import integrity_of
from portal.pages.audit.names import Names, names_for
from portal.pages.audit.words import changed_rows, event_line, event_lines, fact_rows, labels_of
from portal.pages.filters import chips_of, with_parameter, without
from portal.pages.paging import PAGE_SIZE, number

RELATED = 11
WHO = ("actor", "person", "subject")
MORE = ("actor", "person", "subject", "project", "team", "image")
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@require_safe
@signed_in
def events(request: HttpRequest) -> HttpResponse:
    """List events the viewer may see, narrowed by the address, newest first."""
    viewer, form, now = viewer_of(request), EventFilter(request.GET), timezone.now()
    scope, filters = event_scope(viewer), form.filters(now)
    page = event_page(scope, filters, before=number(request.GET.get("before")), size=PAGE_SIZE)
    names = names_for(viewer, labels_of(page.events) | {str(form.cleaned_data.get(name)) for name in WHO})
    count = count_events(scope, filters)
    context = {
        "form": form,
        "lines": event_lines(page.events, names),
        "older_url": with_parameter(request, "before", str(page.older)) if page.older else "",
        "first_url": without(request, "before") if request.GET.get("before") else "",
        "count": count if count <= COUNT_LIMIT else None,
        "limit": COUNT_LIMIT,
        "chips": chips_of(request, _labels(form, names)),
        "query": [(name, value) for name, value in request.GET.items() if name in form.fields],
        "everything": scope.everything,
        "more_open": any(form.cleaned_data.get(name) for name in MORE),
        "has_errors": bool(form.errors),
        "histogram": histogram_of(request, scope, filters, now=now),
    }
    return render(request, "pages/audit/events.html", context)


@require_safe
@signed_in
def event(request: HttpRequest, seq: int) -> HttpResponse:
    """Show one event whole: facts, what changed, what is related, its place in the chain. Raises Http404."""
    viewer = viewer_of(request)
    visible = events_visible_to(event_scope(viewer))
    found = visible.filter(sequence=seq).first()
    if found is None:
        raise Http404
    related = [one for one in visible.filter(subject=found.subject)[:RELATED] if one.pk != seq]
    names = names_for(viewer, labels_of([found, *related]) | {found.actor})
    context = {
        "line": event_line(found, names),
        "event": found,
        "actor": names.of(found.actor),
        "changes": changed_rows(found.detail),
        "facts": fact_rows(found.detail, names),
        "related": event_lines(related[: RELATED - 1], names),
        "integrity": integrity_of(found),
        "raw_json": json.dumps(found.detail, indent=2, ensure_ascii=False),
    }
    return render(request, "pages/audit/event.html", context)


@require_POST
@signed_in
def export(request: HttpRequest) -> HttpResponse:
    """Stream the events of the posted filters as CSV or JSON Lines; the download is recorded with its filters."""
    form = EventFilter(request.POST)
    filters = form.filters(timezone.now())
    kind = request.POST.get("format", "csv")
    if kind not in TYPES or form.errors:
        raise Http404
    scope = event_scope(viewer_of(request))
    stream = export_events(scope=scope, filters=filters, format=kind, by=acting(request))  # type: ignore[arg-type]
    response = StreamingHttpResponse(stream, content_type=TYPES[kind])
    name = f"purser-events-{timezone.now():%Y%m%d-%H%M%S}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]  # both are what Django calls a response


def _labels(form: EventFilter, names: Names) -> list[tuple[str, str]]:
    return [
        (name, _label(name, field, form.cleaned_data.get(name), names)) for name, field in form.fields.items()
    ]


def _label(name: str, field: Field, value: Any, names: Names) -> str:
    if value in (None, "", False):
        return ""
    if value is True:
        return str(field.label)
    shown = dict(field.choices).get(value, value) if hasattr(field, "choices") else value
    return f"{field.label}: {names.of(shown).text if name in WHO else shown}"
