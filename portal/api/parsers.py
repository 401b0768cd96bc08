"""Reading bodies: bounded, and told exactly where they cannot be read."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser, MultiPartParser

from portal.api.problems import TooLarge, Unreadable

JSON_LIMIT = 1024 * 1024
"""Bytes. 500 people with long names and 50 images are about 60 KB."""
FILE_LIMIT = 12 * 1024 * 1024
"""Bytes. A Trivy report of a big image is about 6 MB."""


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no key twice; at most 1 MB."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The document. Raises Unreadable with line and column, TooLarge."""
        raw = bounded(stream, JSON_LIMIT)
        try:
            return json.loads(raw.decode(), parse_constant=_no_constant, object_pairs_hook=_each_key_once)
        except json.JSONDecodeError as error:
            raise _unreadable(error.msg, error.lineno, error.colno) from None
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            column = error.start - raw.rfind(b"\n", 0, error.start)
            raise _unreadable(_("not UTF-8"), line, column) from None
        except (ValueError, RecursionError) as error:
            raise _unreadable(str(error)[:200], 1, 1) from None


class RawJSONParser(BaseParser):
    """A JSON document handed on as its bytes, for a reader of its own; at most 12 MB."""

    media_type = "application/json"

    def parse(  # type: ignore[override]  # the stubs know forms only
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The bytes. Raises TooLarge."""
        return bounded(stream, FILE_LIMIT)


class CsvParser(RawJSONParser):
    """A CSV file as the body, handed on as its bytes; at most 12 MB."""

    media_type = "text/csv"


class BytesParser(RawJSONParser):
    """A file of any kind as the body, handed on as its bytes; at most 12 MB."""

    media_type = "application/octet-stream"


class BoundedMultiPartParser(MultiPartParser):
    """A form with a file, refused by its announced length before any of it is read."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The form and its files. Raises TooLarge."""
        meta = (parser_context or {})["request"].META
        announced = str(meta.get("CONTENT_LENGTH") or "0")
        if not announced.isdecimal() or int(announced) > FILE_LIMIT:
            raise TooLarge(_too_large(FILE_LIMIT))
        return super().parse(stream, media_type, parser_context)


def bounded(stream: IO[Any], limit: int) -> bytes:
    """The whole body. Raises TooLarge above `limit` bytes, having read no more than that."""
    raw: bytes = stream.read(limit + 1)
    if len(raw) > limit:
        raise TooLarge(_too_large(limit))
    return raw


def _too_large(limit: int) -> str:
    return _("The body is larger than %(limit)s MB.") % {"limit": limit // 2**20}


def _unreadable(problem: str, line: int, column: int) -> Unreadable:
    words = _("The body is not JSON: %(problem)s (line %(line)s, column %(column)s).")
    filled = words % {"problem": problem, "line": line, "column": column}
    return Unreadable(filled, line=line, column=column)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return found
