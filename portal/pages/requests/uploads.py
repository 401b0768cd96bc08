"""A file of people: read its table, ask for the column, take the column. The file's text travels in the form."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.requests.csv_text import (
    Table,
    guess_person_column,
    ignored_columns,
    lines_from_column,
    read_table,
)
from approvals.requests.models import Request
from approvals.requests.people_texts import explain_list_error
from grants.directory.csv_text import decode_upload
from grants.directory.list_errors import ListError
from portal.pages.requests.forms import ColumnForm, UploadForm
from portal.pages.requests.wizard import returns_to_check, step_list


def show_columns(http: HttpRequest, request: Request, form: UploadForm) -> HttpResponse | None:
    """The page that asks for the column; None, with the fault in the form, when the file cannot be read."""
    file = form.cleaned_data["file"]
    try:
        text = decode_upload(file.read(), file.name).text
        table = read_table(text)
    except ListError as error:
        form.add_error("file", explain_list_error(error))
        return None
    return columns_page(http, request, table, _column_form(table, text))


def read_column(http: HttpRequest, request: Request) -> tuple[list[str], HttpResponse | None]:
    """The entries of the chosen column, or the page that asks for it again."""
    text = http.POST.get("csv_text", "")
    try:
        table = read_table(text)
        form = _column_form(table, text, http.POST)
        if form.is_valid():
            return [line.raw for line in lines_from_column(table, form.cleaned_data["column"])], None
    except ListError as error:
        upload = UploadForm(http.POST)
        upload.add_error("file", explain_list_error(error))
        return [], columns_page(http, request, None, upload, status=422)
    return [], columns_page(http, request, table, form, status=422)


def columns_page(
    http: HttpRequest, request: Request, table: Table | None, form: ColumnForm | UploadForm, status: int = 200
) -> HttpResponse:
    """The first rows of the file and the question which column names the people."""
    context: dict[str, Any] = {
        "request_row": request,
        "form": form,
        "table": table,
        "rows": [_padded(row, table.width) for row in table.preview] if table else [],
        "ignored": _ignored(table, form),
        "steps": step_list(request, "members"),
        "back": returns_to_check(http),
    }
    return render(http, "pages/requests/step_members_column.html", context, status=status)


def _column_form(table: Table, text: str, data: Any = None) -> ColumnForm:
    form = ColumnForm(data, initial={"csv_text": text, "column": guess_person_column(table)})
    form.fields["column"].choices = list(enumerate(table.column_names))  # type: ignore[attr-defined]
    return form


def _ignored(table: Table | None, form: ColumnForm | UploadForm) -> list[str]:
    guess = form.initial.get("column")
    return ignored_columns(table, guess) if table and guess is not None else []


def _padded(row: tuple[str, ...], width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))]
