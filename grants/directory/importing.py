"""Fills the directory from a CSV file: all faults at once, and with any fault nothing is changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Detail, Value
from grants.directory.csv_text import decode_upload, read_rows, tidy
from grants.directory.import_people import import_people
from grants.directory.import_records import import_projects, import_teams
from grants.directory.list_errors import ListError
from grants.directory.locking import lock_directory
from grants.directory.rows import KINDS, Row, column_name, kind_of
from grants.directory.types import Fault, ImportReport

MAX_FILE = 16 * 1024 * 1024
"""About 150,000 lines of people, in bytes."""

Importer = Callable[[Sequence[Row], Actor, datetime, bool], ImportReport]
_IMPORTERS: dict[str, Importer] = {
    "people": import_people,
    "projects": import_projects,
    "teams": import_teams,
}


def import_directory(
    *, data: bytes, filename: str, by: Actor, now: datetime, apply: bool = True
) -> ImportReport:
    """Import people, projects or teams, told apart by the header (docs/sign-in.md lists the columns).

    Records every change, and `grants.directory.imported` with the counts; sends `person_disabled` and
    `person_left_team`. With faults, or `apply=False`, nothing is changed and the report says what was found.
    """
    try:
        header, rows = _table(data, filename)
    except ListError as error:
        return ImportReport(kind="", rows=0, faults=(_file_fault(error),))
    kind = kind_of(header)
    if kind is None:
        fault = Fault(1, "", "unknown_header", ", ".join(header))
        return ImportReport(kind="", rows=len(rows), faults=(fault,))
    with audited(by=by):
        lock_directory()
        report = _IMPORTERS[kind](rows, by, now, apply)
        if report.applied and report.created + report.changed:
            _record(report, filename)
    ignored = tuple(name for name in header if name and name not in KINDS[kind][1])
    return replace(report, ignored_columns=ignored)


def _table(data: bytes, filename: str) -> tuple[list[str], list[Row]]:
    """The column names and the rows; raises ListError."""
    _, lines = read_rows(decode_upload(data, filename, limit=MAX_FILE).text)
    header = [column_name(cell) for cell in tidy(lines[0][1])]
    rows = [_row(line, header, tidy(values)) for line, values in lines[1:]]
    if not rows:
        raise ListError("only_header")
    return header, rows


def _row(line: int, header: Sequence[str], values: Sequence[str]) -> Row:
    row = Row(line, dict(zip(header, [*values, *[""] * len(header)], strict=False)))
    if any(values[len(header) :]):
        # A comma too many moves every cell behind it into the wrong column.
        row.fault("", "too_many_cells", str(len(values)))
    return row


def _file_fault(error: ListError) -> Fault:
    params = dict(error.params)
    line = int(params.pop("line", 1))
    return Fault(line, "", error.code, ", ".join(str(value) for value in params.values()))


def _record(report: ImportReport, filename: str) -> None:
    names = ("rows", "created", "changed", "unchanged", "disabled", "held")
    counts: dict[str, Value] = {name: getattr(report, name) for name in names}
    detail: Detail = {"file": filename[-200:], "kind": report.kind, **counts}
    record("grants.directory.imported", subject=f"directory:{report.kind}", detail=detail)
