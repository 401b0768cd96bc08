"""Google's detailed billing export as a file: JSON Lines, CSV or Parquet, as BigQuery writes them. Pure.

BigQuery cannot write nested columns as CSV, so there a query has flattened them: `sku.description` may stand as
`sku_description`, and `labels`, `system_labels` and `credits` as JSON.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow
import pyarrow.parquet

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
PARQUET_COLUMNS = (
    "sku", "usage_start_time", "usage_end_time", "project", "labels", "system_labels", "resource", "cost",
    "currency", "usage", "credits", "invoice", "cost_type", "export_time",
)  # fmt: skip
MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes of the columns we read, unpacked: Parquet packs a thousand times and more."""
MOST_VALUES = 20_000_000
"""In one part of one column: labels are lists, and an empty one costs next to nothing in the file."""
_BATCH = 10_000


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
    faults = Faults()
    return _readings(_parquet_rows(data, faults), faults)


def _readings(rows: Iterator[tuple[int, Mapping[str, Any]]], faults: Faults) -> list[Reading]:
    read = (row for line, value in rows if (row := read_row(line, value, faults)))
    found = readings_of(read, faults)
    if not found and not faults.count:
        faults.add(0, "", "no_gpus")
    faults.check()
    return found


def _lines(text: str, faults: Faults) -> Iterator[tuple[int, Mapping[str, Any]]]:
    count = 0
    for line, said in enumerate(text.split("\n"), start=1):
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


def _parquet_rows(data: bytes, faults: Faults) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        biggest = _check_parquet(file, faults)
        columns = [name for name in PARQUET_COLUMNS if name in file.schema_arrow.names]
        line = 0
        # One word of a part's dictionary may be as long as the part, and stand in every row of a batch.
        rows = max(1, min(_BATCH, 2 * MOST_UNPACKED // max(biggest, 1)))
        for batch in file.iter_batches(batch_size=rows, columns=columns, use_threads=False):
            for value in batch.to_pylist():
                line += 1
                yield line, value
    except (pyarrow.ArrowException, OSError, ValueError, UnicodeDecodeError, OverflowError):
        raise faults.stop(0, "", "not_parquet") from None


def _check_parquet(file: pyarrow.parquet.ParquetFile, faults: Faults) -> int:
    """Refuse what would unpack to more than memory should hold, before any of it is; the biggest part's bytes."""
    if file.metadata.num_rows > limits.MOST_ROWS:
        raise faults.stop(0, "", "too_many_rows", limit=limits.MOST_ROWS)
    parts = list(_parts(file.metadata))
    if sum(part.total_uncompressed_size for part in parts) > MOST_UNPACKED:
        raise faults.stop(0, "", "too_big", limit=MOST_UNPACKED >> 20)
    if any(part.num_values > MOST_VALUES for part in parts):
        raise faults.stop(0, "", "too_many_rows", limit=limits.MOST_ROWS)
    for name in sorted({name.partition(".")[0] for name in REQUIRED} - set(file.schema_arrow.names)):
        faults.add(0, name, "missing_column")
    faults.check()
    return max((part.total_uncompressed_size for part in parts), default=0)


def _parts(metadata: Any) -> Iterator[Any]:
    """The parts of the columns we read."""
    for group in (metadata.row_group(number) for number in range(metadata.num_row_groups)):
        for part in (group.column(number) for number in range(group.num_columns)):
            if part.path_in_schema.partition(".")[0] in PARQUET_COLUMNS:
                yield part
