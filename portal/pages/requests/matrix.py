"""Who gets what: the people of a request against its images, with a state in each cell."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from approvals.requests.models import Request, RequestImage, RequestMember
from approvals.requests.people_match import NEEDS_FIXING, State
from approvals.requests.people_texts import state_label
from grants.delivery.selectors import FAILING, cells_of
from grants.lifecycle.models import Grant
from portal.pages.paging import page_of_list
from portal.pages.requests.people import safe_cell, spreadsheet
from portal.pages.requests.presenters import status_code
from portal.pages.words import Word, grant_code, word

StateOf = Callable[[RequestMember, int], Word]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One person: the state for each image, in the order of the columns; `note` says what is wrong with the line."""

    name: str
    raw: str
    contractor: bool
    note: str
    images: Sequence[str]
    cells: Sequence[Word]

    @property
    def pairs(self) -> list[tuple[str, Word]]:
        """Each image's name with the state, for rows that are drawn as blocks."""
        return list(zip(self.images, self.cells, strict=True))


@dataclass(frozen=True, slots=True)
class Matrix:
    """All rows with the names of the columns."""

    images: Sequence[str]
    rows: Sequence[MatrixRow]


def matrix_of(request: Request, grant: Grant | None, now: Any) -> Matrix:
    """Every person of the request against its images, read by `with_parts`; at most five queries."""
    columns = list(request.images.all())
    state = _granted(grant, now) if grant else _asked(request)
    people = request.members.filter(left_out=False).select_related("person")
    names = [_image_name(row) for row in columns]
    return Matrix(names, [_row(line, columns, names, state) for line in people])


def matrix_context(http: HttpRequest, matrix: Matrix) -> dict[str, Any]:
    """What the tab shows: the rows that match `?state=` and `?name=`, 50 at a time, and the states to choose from."""
    chosen, text = http.GET.get("state", ""), http.GET.get("name", "").strip()[:100]
    found = _narrowed(matrix.rows, chosen, text)
    codes = {cell.code: str(cell.label) for row in matrix.rows for cell in row.cells}
    return {
        "columns": matrix.images,
        "page": page_of_list(http, found),
        "people_total": len(matrix.rows),
        "cell_states": [(code, label, code == chosen) for code, label in codes.items()],
        "name": text,
        "narrowed": bool(chosen or text),
        "csv_query": _query(http, format="csv"),
    }


def matrix_csv(http: HttpRequest, request: Request, matrix: Matrix) -> HttpResponse:
    """The rows that are shown, of all pages, as a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("Person"), _("You wrote"), *map(safe_cell, matrix.images)])
    for row in _narrowed(matrix.rows, http.GET.get("state", ""), http.GET.get("name", "").strip()):
        writer.writerow([safe_cell(row.name), safe_cell(row.raw), *(str(cell.label) for cell in row.cells)])
    return spreadsheet(text.getvalue(), f"{request.number}-members.csv")


def _granted(grant: Grant, now: Any) -> StateOf:
    """What the deliveries of the grant say; where there is none, the grant itself."""
    cells = cells_of(grant)
    code = grant_code(status=grant.status, end_reason=grant.end_reason, ends_at=grant.ends, now=now)
    whole = word("grant", code)

    def state(line: RequestMember, image_id: int) -> Word:
        found = cells.get((line.person_id or 0, image_id), "")
        return (
            word("integration", FAILING) if found == FAILING else word("delivery", found) if found else whole
        )

    return state


def _asked(request: Request) -> StateOf:
    """What became of the request, the same for every cell."""
    whole = word("request", status_code(request))
    return lambda _line, _image_id: whole


def _row(
    line: RequestMember, columns: Sequence[RequestImage], names: Sequence[str], state: StateOf
) -> MatrixRow:
    person = line.person
    notable = line.state in NEEDS_FIXING or line.state == State.ALREADY_HAS_ACCESS
    return MatrixRow(
        name=person.name if person else line.raw,
        raw=line.raw,
        contractor=bool(person and person.contractor),
        note=state_label(State(line.state)) if notable else "",
        images=names,
        cells=[state(line, column.image_id) for column in columns],
    )


def _image_name(row: RequestImage) -> str:
    return row.image.title or row.image.repository


def _narrowed(rows: Sequence[MatrixRow], code: str, text: str) -> list[MatrixRow]:
    folded = text.casefold()
    return [
        row
        for row in rows
        if (not code or any(cell.code == code for cell in row.cells))
        and (folded in row.name.casefold() or folded in row.raw.casefold())
    ]


def _query(http: HttpRequest, **more: str) -> str:
    query = http.GET.copy()
    query.pop("n", None)
    for name, value in more.items():
        query[name] = value
    return query.urlencode()
