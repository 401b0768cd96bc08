"""The ledger's events: filtered, page by page, and as downloads."""

from collections.abc import Callable
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as Call
from rest_framework.response import Response

from approvals.requests.selectors import requests_visible_to
from audit.ledger.export import export_events
from audit.ledger.selectors import event_page
from audit.ledger.types import EventFilters, Scope
from grants.directory.standing import Standing
from grants.lifecycle.selectors import grants_visible_to
from portal.api.base import LARGEST_KEY, Endpoint, acting, moment, query, rendered, viewer_of
from portal.api.negotiation import CsvRenderer, JsonLinesRenderer
from portal.api.paging import bad_cursor, page
from portal.api.schema import operation, pages_of
from portal.api.serializers.audit import EventQuery, EventSerializer, ExportQuery
from portal.edges.scopes import event_scope, history_scope

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
OPENED: dict[str, Callable[[Standing], Any]] = {"request": requests_visible_to, "grant": grants_visible_to}


class Events(Endpoint):
    """What happened, newest first."""

    @operation("events_list", "List events", answer=pages_of(EventSerializer), query=EventQuery)
    def get(self, request: Call) -> Response:
        """List events: your own, leads also their teams', auditors and administrators all.

        With `subject=request:12` or `grant:12` the whole history of one you may see.
        """
        viewer, asked = viewer_of(request), query(request, EventQuery)
        cursor, limit = asked.pop("cursor"), asked.pop("limit")
        if cursor and not (cursor.isascii() and cursor.isdecimal() and int(cursor) <= LARGEST_KEY):
            raise bad_cursor()
        filters = EventFilters(**asked)
        before = int(cursor) if cursor else None
        found = event_page(_scope(viewer, filters.subject), filters, before=before, size=limit)
        return page(request, rendered(EventSerializer, found.events), str(found.older) if found.older else "")


class EventExport(Endpoint):
    """Downloads of events."""

    renderer_classes = (CsvRenderer, JsonLinesRenderer, JSONRenderer)

    @operation(
        "events_export",
        "Download events",
        answer={"text/csv": OpenApiTypes.STR, "application/x-ndjson": OpenApiTypes.STR},
        query=ExportQuery,
    )
    def get(self, request: Call) -> StreamingHttpResponse:
        """Stream exactly the events the filters match, oldest first; the download is itself recorded."""
        asked = query(request, ExportQuery)
        form = asked.pop("format")
        stream = export_events(
            scope=event_scope(viewer_of(request)),
            filters=EventFilters(**asked),
            format=form,
            by=acting(request),
        )
        response = StreamingHttpResponse(stream, content_type=TYPES[form])
        name = f"purser-events-{moment():%Y%m%d-%H%M%S}.{form}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _scope(viewer: Standing, subject: str) -> Scope:
    """The viewer's own scope; all that happened to a request or access that they may open."""
    kind, _colon, number = subject.partition(":")
    visible = OPENED.get(kind)
    if visible is None or not (number.isascii() and number.isdecimal()) or int(number) > LARGEST_KEY:
        return event_scope(viewer)
    return history_scope() if visible(viewer).filter(pk=int(number)).exists() else event_scope(viewer)
