"""Sources of GPU usage, files that are brought, what the nightly check found, and invoices."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request as Call
from rest_framework.response import Response

from audit.costs.bringing import bring_file, look_at_file
from audit.costs.checks import open_violations
from audit.costs.errors import CostError
from audit.costs.invoices import Invoice, invoice, invoice_months
from audit.costs.keeping import ask_now
from audit.costs.listing import loads_of, sources
from audit.costs.models import Load, Source, Violation
from audit.costs.sources.options import is_pulled
from portal.api.base import (
    Endpoint,
    acting,
    body,
    found,
    moment,
    query,
    rendered,
    require_administrator,
    viewer_of,
)
from portal.api.costs import require_everything
from portal.api.paging import listing
from portal.api.parsers import BoundedMultiPartParser, BytesParser
from portal.api.schema import operation, pages_of
from portal.api.serializers.common import Empty, PageQuery
from portal.api.serializers.cost_sources import (
    InvoiceQuery,
    InvoiceSerializer,
    LoadQuery,
    LoadSerializer,
    SourceSerializer,
    SourcesSerializer,
    UploadQuery,
    UploadSerializer,
    ViolationSerializer,
)
from portal.api.serializers.directory import UploadBody
from portal.edges.cost_faults import Said, faults_of, said


class Sources(Endpoint):
    """Where usage comes from."""

    @operation("costs_sources_list", "List cost sources", answer=SourcesSerializer, problems=(403,))
    def get(self, request: Call) -> Response:
        """List sources with their state; for budget owners, auditors and administrators."""
        require_everything(request)
        return Response({"results": _sources(list(sources()))})


class ReadNow(Endpoint):
    """Asking a source now."""

    @operation(
        "costs_sources_read_now",
        "Read a source now",
        body=Empty,
        answer=SourceSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, key: str) -> Response:
        """Have a source asked within a minute. For administrators."""
        require_everything(request)
        row = found(sources(), key=key)
        require_administrator(viewer_of(request))
        body(request, Empty)
        ask_now(source=row, by=acting(request), now=moment())
        return Response(_sources([sources().get(pk=row.pk)])[0])


class Loads(Endpoint):
    """What was brought, and bringing a file."""

    parser_classes: Sequence[type[BaseParser]] = (BytesParser, BoundedMultiPartParser)

    @operation(
        "costs_loads_list",
        "List what was brought",
        answer=pages_of(LoadSerializer),
        query=LoadQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List loads, newest first; for budget owners, auditors and administrators."""
        require_everything(request)
        asked = query(request, LoadQuery)
        rows = loads_of().filter(source__key=asked["source"]) if asked["source"] else loads_of()
        return listing(request, rows, _loads, cursor=asked["cursor"], limit=asked["limit"])

    @operation(
        "costs_loads_bring",
        "Bring a file of usage",
        body={"application/octet-stream": OpenApiTypes.BINARY, "multipart/form-data": UploadBody},
        query=UploadQuery,
        answer=UploadSerializer,
        problems=(403, 404, 409, 413, 415, 422),
    )
    def post(self, request: Call) -> Response:
        """Store a file, or with `dry_run` say what it would change; with any fault nothing is. For administrators."""
        require_administrator(viewer_of(request))
        asked = query(request, UploadQuery)
        source = found(sources(), key=asked["source"])
        data, name = _file(request, asked["filename"])
        given: dict[str, Any] = {"source": source, "data": data, "name": name, "format": asked["format"]}
        if asked["dry_run"]:
            return Response(_looked(**given))
        load = bring_file(**given, by=acting(request), now=moment())
        told = {"stored": True, "load": load, "days": [], "faults": []}
        return Response({**UploadSerializer(told).data})


class Violations(Endpoint):
    """What the nightly check found."""

    @operation(
        "costs_violations_list",
        "List broken rules",
        answer=pages_of(ViolationSerializer),
        query=PageQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List the rules that figures break now; for budget owners, auditors and administrators."""
        require_everything(request)
        asked = query(request, PageQuery)
        rows = open_violations().order_by("-pk")
        return listing(request, rows, _violations, cursor=asked["cursor"], limit=asked["limit"])


class Invoices(Endpoint):
    """Invoices beside the rate card."""

    @operation(
        "costs_invoice", "Read an invoice", answer=InvoiceSerializer, query=InvoiceQuery, problems=(403,)
    )
    def get(self, request: Call) -> Response:
        """Read a month's invoice beside rate card and records; for budget owners, auditors, administrators."""
        require_everything(request)
        months = invoice_months()
        month = query(request, InvoiceQuery).get("month") or (months[0] if months else "")
        return Response(InvoiceSerializer(invoice(month) if month else Invoice("")).data)


def _sources(rows: Sequence[Source]) -> list[Any]:
    for row in rows:
        row.asked = row.enabled and is_pulled(row.kind, row.options)  # type: ignore[attr-defined]  # for the serializer
    return rendered(SourceSerializer, rows)


def _loads(rows: Sequence[Load]) -> list[Any]:
    return rendered(LoadSerializer, rows)


def _violations(rows: Sequence[Violation]) -> list[Any]:
    return rendered(ViolationSerializer, rows)


def _file(request: Call, filename: str) -> tuple[bytes, str]:
    """The bytes and the name, from the body itself or from the form's `file`."""
    if isinstance(request.data, bytes):
        return request.data, filename
    form = UploadBody(data=request.data)
    form.is_valid(raise_exception=True)
    upload = form.validated_data["file"]
    return upload.read(), str(upload.name)


def _looked(**given: Any) -> dict[str, Any]:
    days: Sequence[Any] = ()
    try:
        look = look_at_file(**given, now=moment())
    except CostError as error:
        faults = faults_of(error) or [Said("", error.code, error.message)]
    else:
        days, faults = look.preview.days, said(look.preview.faults)
    told = [{"field": one.field, "code": one.code, "detail": one.message, "line": one.line} for one in faults]
    return {**UploadSerializer({"stored": False, "load": None, "days": days, "faults": told}).data}
