"""Which format an answer has: what `Accept` says. `?format=` is ours to give a meaning to."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


class ByAcceptHeader(DefaultContentNegotiation):
    """The `Accept` header alone decides."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and media type. Raises NotAcceptable."""
        for wanted in self.get_accept_list(request):
            name = str(wanted).partition(";")[0].strip().lower()
            for renderer in renderers:
                kind = renderer.media_type.partition("/")[0]
                if name in {renderer.media_type, "*/*", f"{kind}/*", "application/problem+json"}:
                    return renderer, renderer.media_type
        from rest_framework.exceptions import NotAcceptable  # noqa: PLC0415

        raise NotAcceptable(available_renderers=renderers)


class CsvRenderer(JSONRenderer):
    """Stands for downloads as CSV, which are streamed; renders only problems, as JSON."""

    media_type = "text/csv"
    format = "csv"


class JsonLinesRenderer(JSONRenderer):
    """Stands for downloads as JSON Lines, which are streamed; renders only problems, as JSON."""

    media_type = "application/x-ndjson"
    format = "jsonl"
