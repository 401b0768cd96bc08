"""Google's detailed billing export as a file: JSON Lines, CSV or Parquet, as BigQuery writes them. Pure.

BigQuery cannot write nested columns as CSV, so there a query has flattened them: `sku.description` may stand as
`sku_description`, and `labels`, `system_labels` and `credits` as JSON.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from audit.costs.records import Reading
from audit.costs.sources import limits
from audit.costs.sources.documents import loads
from audit.costs.sources.faults import Faults
from audit.costs.sources.google import readings_of
from audit.costs.sources.google_rows import read_row
from audit.costs.sources.text import Table
from audit.costs.sources.values import Unreadable

NESTED = ("sku", "project", "usage", "invoice", "resource", "service", "location")
WHOLE = ("usage_start_time", "usage_end_time")
JSON_COLUMNS = ("labels", "system_labels", "credits")
REQUIRED = ("sku.description", "usage_start_time", "usage_end_time", "cost", "currency")


def read_json_lines(text: str) -> list[Reading]:
    """The readings of one JSON object a line. Raises CostError `bad_file` with every fault."""
    faults = Faults()
    return _readings(_lines(text, faults), faults)


def read_csv(text: str) -> list[Reading]:
    """The readings of a flattened CSV. Raises CostError `bad_file` with every fault."""
    faults = Faults()
    table = Table(text, faults)
    table.columns = [_dotted(name) for name in table.columns]
    table.require(*REQUIRED)
    return _readings(((line, _nested(line, cells, faults)) for line, cells in table.rows()), faults)


def read_parquet(data: bytes) -> list[Reading]:
    """The readings of a Parquet file. Raises CostError `bad_file` with every fault."""
    # 50 MB in each process, so only those that are brought such a file carry it.
    from audit.costs.sources.parquet import parquet_rows  # noqa: PLC0415

    faults = Faults()
    return _readings(parquet_rows(data, faults), faults)


def _readings(rows: Iterator[tuple[int, Mapping[str, Any]]], faults: Faults) -> list[Reading]:
    read = (row for line, value in rows if (row := read_row(line, value, faults)))
    found = readings_of(read, faults)
    if not found and not faults.count:
        faults.add(0, "", "no_gpus")
    faults.check()
    return found


def _lines(text: str, faults: Faults) -> Iterator[tuple[int, Mapping[str, Any]]]:
    count = 0
    for line, said in enumerate(io.StringIO(text), start=1):
        if not said.strip():
            continue
        count += 1
        if count > limits.MOST_ROWS:
            raise faults.stop(0, "", "too_many_rows", limit=limits.MOST_ROWS)
        try:
            value = loads(said)
        except Unreadable as error:
            faults.add(line, "", error.code)
            continue
        if isinstance(value, dict):
            yield line, value
        else:
            faults.add(line, "", "bad_shape")


def _dotted(column: str) -> str:
    """`sku_description` as `sku.description`; other names stay."""
    first, _, rest = column.partition("_")
    return f"{first}.{rest}" if first in NESTED and rest and column not in WHOLE else column


def _nested(line: int, cells: dict[str, str], faults: Faults) -> Mapping[str, Any]:
    row: dict[str, Any] = {}
    for column, cell in cells.items():
        outer, _, inner = column.partition(".")
        if column in JSON_COLUMNS:
            row[column] = _json_cell(line, column, cell, faults)
        elif inner:
            row.setdefault(outer, {})[inner] = cell or None
        else:
            row[column] = cell or None
    return row


def _json_cell(line: int, column: str, cell: str, faults: Faults) -> object:
    if not cell:
        return None
    try:
        return loads(cell)
    except Unreadable as error:
        faults.add(line, column, error.code)
        return None
