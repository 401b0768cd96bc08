"""The list of grants as a spreadsheet: exactly the rows that the page's tab, state and words find."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.ledger.services import audited, record
from audit.ledger.types import Detail
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import with_bundle
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.grants.listing import GrantRow, Wanted, found_by, rows_of, wanted_in
from portal.pages.requests.people import safe_cell
from portal.pages.words import grant_code, word

BOM = "\ufeff"
BLOCK = 500
"""Grants read at a time, so that memory stays flat."""


@require_POST
@signed_in
def export(request: HttpRequest) -> HttpResponse:
    """Stream the grants of the posted filters as CSV; the download is recorded with its filters."""
    viewer, now = viewer_of(request), timezone.now()
    wanted = wanted_in(request.POST, viewer)
    grants = found_by(viewer, wanted, now=now)
    _record(request, wanted, grants.order_by().count())
    blocks = _blocks(grants, now, get_language() or "en")
    response = StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="purser-grants-{now:%Y%m%d-%H%M%S}.csv"'
    response["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]  # both are what Django calls a response


def _record(request: HttpRequest, wanted: Wanted, count: int) -> None:
    filters = {"tab": wanted.scope, "state": wanted.state, "q": wanted.text}
    detail: Detail = {
        "count": count,
        "format": "csv",
        "filters": {name: value for name, value in filters.items() if value},
    }
    with audited(by=acting(request)):
        record("portal.grants.exported", subject="export:grants", detail=detail)


def _blocks(grants: QuerySet[Grant], now: datetime, language: str) -> Iterator[str]:
    """The file in blocks. The language is the asker's, although the request is over while they are read."""
    with override(language):
        heading = _text([_heading()])
    yield BOM + heading
    rows = iter(with_bundle(grants).iterator(chunk_size=BLOCK))
    while block := list(islice(rows, BLOCK)):
        with override(language):
            text = _text(_cells(row, now) for row in rows_of(block, now=now))
        yield text


def _text(rows: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _heading() -> list[str]:
    return [
        _("Grant"),
        _("Project"),
        _("Team"),
        _("Request"),
        _("Images"),
        _("Role"),
        _("People"),
        _("Names"),
        _("From"),
        _("Until"),
        _("Last pull"),
        _("Pulls in 30 days"),
        _("State"),
    ]


def _cells(row: GrantRow, now: datetime) -> list[Any]:
    grant = row.grant
    images = [f"{one.image.reference}:{one.tag}" if one.tag else one.image.reference for one in row.images]
    people = [one.person.name for one in grant.members.all() if one.removed_at is None]
    code = grant_code(status=grant.status, end_reason=grant.end_reason, ends_at=grant.ends, now=now)
    return [
        grant.pk,
        safe_cell(grant.project.name),
        safe_cell(grant.project.team.name),
        f"REQ-{row.request_id}" if row.request_id else "",
        safe_cell("; ".join(images)),
        str(word("role", grant.role).label),
        row.people,
        safe_cell("; ".join(people)),
        _utc(grant.starts),
        _utc(grant.ends),
        _utc(row.use.last) if row.use and row.use.last else "",
        row.use.recent if row.use else 0,
        str(word("grant", code).label),
    ]


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
