"""The rows of a Parquet file, as BigQuery exports it, unpacked within limits. Pure."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow
import pyarrow.parquet

from audit.costs.sources import limits
from audit.costs.sources.faults import Faults

REQUIRED = ("sku", "usage_start_time", "usage_end_time", "cost", "currency")
COLUMNS = (
    "sku", "usage_start_time", "usage_end_time", "project", "labels", "system_labels", "resource", "cost",
    "currency", "usage", "credits", "invoice", "cost_type", "export_time",
)  # fmt: skip
MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes of the columns we read, unpacked: Parquet packs a thousand times and more."""
MOST_VALUES = 20_000_000
"""In one part of one column: labels are lists, and an empty one costs next to nothing in the file."""
_BATCH = 10_000


def parquet_rows(data: bytes, faults: Faults) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows with their numbers, from 1, only the columns we read. Raises CostError `bad_file`."""
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        biggest = _check_parquet(file, faults)
        columns = [name for name in COLUMNS if name in file.schema_arrow.names]
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
    for name in sorted(set(REQUIRED) - set(file.schema_arrow.names)):
        faults.add(0, name, "missing_column")
    faults.check()
    return max((part.total_uncompressed_size for part in parts), default=0)


def _parts(metadata: Any) -> Iterator[Any]:
    """The parts of the columns we read."""
    for group in (metadata.row_group(number) for number in range(metadata.num_row_groups)):
        for part in (group.column(number) for number in range(group.num_columns)):
            if part.path_in_schema.partition(".")[0] in COLUMNS:
                yield part
