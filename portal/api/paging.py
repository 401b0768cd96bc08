"""Lists by key: `{"results", "next"}`, where the cursor holds the last row's place in the order, not a count."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.errors import NotUnderstood

PAGE_SIZE, LARGEST_PAGE = 50, 200


def listing(
    request: Request,
    rows: "QuerySet[Any]",
    render: Callable[[list[Any]], Sequence[Any]],
    *,
    cursor: str = "",
    limit: int = PAGE_SIZE,
) -> Response:
    """One page of the rows in their own order, which must end in a unique column and hold no nulls.

    A row that vanished or moved meanwhile neither repeats nor hides others. Raises NotUnderstood `bad_cursor`.
    """
    order = [(str(name).lstrip("-"), str(name).startswith("-")) for name in rows.query.order_by]
    try:
        found = list((rows.filter(_beyond(order, _decoded(cursor))) if cursor else rows)[: limit + 1])
    except (ValueError, TypeError, OverflowError, ValidationError):
        raise bad_cursor() from None
    more = _encoded(order, found[limit - 1]) if len(found) > limit else ""
    return page(request, render(found[:limit]), more)


def page(request: Request, results: Sequence[Any], cursor: str) -> Response:
    """The answer of one page; an empty cursor says that it is the last."""
    return Response({"results": results, "next": next_url(request, cursor) if cursor else None})


def next_url(request: Request, cursor: str) -> str:
    """The address of the next page: the same filters, another cursor."""
    query = {**request.query_params.dict(), "cursor": cursor}
    return f"{settings.BASE_URL}{request.path}?{urlencode(query)}"


def bad_cursor() -> NotUnderstood:
    """The error for a cursor that is none of ours."""
    return NotUnderstood("bad_cursor", _("This cursor is not one of ours. Start from the first page."))


def _beyond(order: Sequence[tuple[str, bool]], values: Sequence[Any]) -> Q:
    if len(values) != len(order):
        raise ValueError(len(values))
    beyond = Q(pk__in=[])
    for place, (name, descending) in enumerate(order):
        same = {earlier: values[index] for index, (earlier, _down) in enumerate(order[:place])}
        beyond |= Q(**same, **{f"{name}__{'lt' if descending else 'gt'}": values[place]})
    return beyond


def _encoded(order: Sequence[tuple[str, bool]], row: Any) -> str:
    values = [_plain(row, name) for name, _down in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(cursor) from None
    if not isinstance(values, list) or any(not _fits(value) for value in values):
        raise ValueError(cursor)
    return values


def _fits(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < 2**63
    return isinstance(value, str) and value.isprintable()


def _plain(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row.isoformat() if isinstance(row, datetime) else row
