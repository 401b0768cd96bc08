"""Pages of a list by key, so that page 100 is as fast as page 1: the address holds the last row's number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

PAGE_SIZE = 50
MOST_COUNTED = 10_000
Row = TypeVar("Row")


@dataclass(frozen=True)
class Paged(Generic[Row]):
    """One page of rows. `shown` counts the pages before it too; `total` is None above 10,000."""

    rows: list[Row]
    next_url: str
    first_url: str
    shown: int
    total: int | None

    @property
    def later(self) -> bool:
        """Whether this is not the first page."""
        return bool(self.first_url)


def page_of(request: HttpRequest, rows: "QuerySet[Any]", *, size: int = PAGE_SIZE) -> Paged[Any]:
    """The page that `?after=<pk>&n=<shown before>` asks for, in the order of the query, which must end in `pk`.

    Ordering columns must never be null. One query where all rows fit the page, else two, and one more on later pages.
    """
    order = _order(rows)
    start = _beyond(rows, order, request.GET.get("after", ""))
    found = list((rows.filter(start) if start is not None else rows)[: size + 1])
    before = number(request.GET.get("n")) or 0 if start is not None else 0
    shown = before + min(len(found), size)
    whole = start is None and len(found) <= size
    return Paged(
        rows=found[:size],
        next_url=_url(request, after=str(found[size - 1].pk), n=str(shown)) if len(found) > size else "",
        first_url=_url(request) if start is not None else "",
        shown=shown,
        total=len(found) if whole else total_of(rows),
    )


def page_of_list(
    request: HttpRequest, rows: Sequence[Row], *, size: int = PAGE_SIZE, start: int | None = None
) -> Paged[Row]:
    """The page of rows at hand that `?n=<rows before>` asks for, or the one that holds the row at `start`."""
    before = start if start is not None else number(request.GET.get("n")) or 0
    before = min(before, max(len(rows) - 1, 0)) // size * size
    shown = min(before + size, len(rows))
    return Paged(
        rows=list(rows[before:shown]),
        next_url=_url(request, n=str(shown)) if shown < len(rows) else "",
        first_url=_url(request) if before else "",
        shown=shown,
        total=len(rows),
    )


def total_of(rows: "QuerySet[Any]") -> int | None:
    """How many rows there are; None when more than 10,000."""
    counted = rows.order_by()[: MOST_COUNTED + 1].count()
    return counted if counted <= MOST_COUNTED else None


def number(text: str | None) -> int | None:
    """The whole number in a parameter, or None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _order(rows: "QuerySet[Any]") -> list[tuple[str, bool]]:
    names = rows.query.order_by or rows.model._meta.ordering  # noqa: SLF001 - Django's documented name
    return [(str(name).lstrip("-"), str(name).startswith("-")) for name in names]


def _beyond(rows: "QuerySet[Any]", order: Sequence[tuple[str, bool]], after: str) -> Q | None:
    key = number(after)
    last: Model | None = rows.filter(pk=key).first() if key is not None else None
    if last is None:
        return None
    values = {name: _value(last, name) for name, _ in order}
    beyond = Q(pk__in=[])
    for place, (name, descending) in enumerate(order):
        same = {earlier: values[earlier] for earlier, _ in order[:place]}
        beyond |= Q(**same, **{f"{name}__{'lt' if descending else 'gt'}": values[name]})
    return beyond


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _url(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("after", "n"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}" if query else request.path
