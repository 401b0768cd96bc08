"""Downloads of costs: showback and FOCUS."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as Call

from portal.api.base import Endpoint, acting, moment, viewer_of
from portal.api.costs import question
from portal.api.negotiation import CsvRenderer
from portal.api.schema import operation
from portal.api.serializers.costs import CostQuery
from portal.edges.cost_downloads import FORMS, download


class CostExportQuery(CostQuery):
    """What a download is narrowed to, and its form."""

    form = serializers.ChoiceField(
        choices=list(FORMS),
        help_text="`showback`: our own columns; `focus`: FOCUS 1.2 of the FinOps Foundation",
    )


class CostExport(Endpoint):
    """Downloads of costs."""

    renderer_classes = (CsvRenderer, JSONRenderer)

    @operation("costs_export", "Download costs", answer={"text/csv": OpenApiTypes.STR}, query=CostExportQuery)
    def get(self, request: Call) -> StreamingHttpResponse:
        """Stream one row for each day, project, person, image, type and class; the download is itself recorded."""
        asked = question(request, CostExportQuery)
        name, blocks = download(
            form=asked.given["form"], viewer=viewer_of(request), filters=asked.filters, by=acting(request),
            now=moment(),
        )  # fmt: skip
        response = StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Content-Language"] = "en"
        return response
