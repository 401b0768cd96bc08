"""The characters and rows of a CSV file, whatever program wrote it: UTF-8, UTF-16 or GB18030. Pure."""

import csv
import io
import re
from collections.abc import Iterator

from audit.costs.sources.faults import Faults
from audit.costs.sources.limits import MOST_ROWS

_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")
# Private use and control characters: a text with them was decoded wrongly.
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]")
_SAMPLE = 64 * 1024
_QUOTED = re.compile(r'"[^"]*"')


def decoded(data: bytes) -> str:
    """The text of a file. Raises CostError `bad_file`."""
    faults = Faults()
    if not data.strip():
        raise faults.stop(0, "", "empty")
    if data.startswith(_ARCHIVES):
        raise faults.stop(0, "", "workbook")
    for encoding, content in _encodings(data):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NOT_TEXT.search(text):
            return text
    raise faults.stop(0, "", "not_text")


def _encodings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What the file may be in, GB18030 last: it makes some sense of almost anything."""
    if mark := _MARKS.get(data[:2]):
        yield mark, data[2:]
    elif data[:_SAMPLE].count(0) * 20 > len(data[:_SAMPLE]):
        yield from (("utf-16-le", data), ("utf-16-be", data))
    else:
        yield from (("utf-8-sig", data), ("gb18030", data))


class Table:
    """The rows of a CSV text by the names of their columns; the header's line is 1.

    A row is a mapping of the columns' names to cells without outer spaces; absent cells are "".
    """

    def __init__(self, text: str, faults: Faults) -> None:
        """Read the header. Raises CostError `bad_file` for a file without one."""
        self.faults = faults
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        self.columns = self._header()

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Every row that is not empty, with its line. Notes rows of another length; raises CostError `bad_file`."""
        count = 0
        while True:
            line, cells = self._reader.line_num + 1, self._next()
            if cells is None:
                break
            if not any(cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise self.faults.stop(0, "", "too_many_rows", limit=MOST_ROWS)
            if len(cells) != len(self.columns):
                self.faults.add(line, "", "cells", found=len(cells), wanted=len(self.columns))
            else:
                yield line, dict(zip(self.columns, cells, strict=True))
        if not count:
            self.faults.add(0, "", "no_rows")

    def require(self, *names: str) -> None:
        """Raises CostError `bad_file` that names every column that is missing."""
        for name in names:
            if name not in self.columns:
                self.faults.add(1, name, "missing_column")
        self.faults.check()

    def _header(self) -> list[str]:
        columns = self._next()
        if not columns or not any(columns):
            raise self.faults.stop(1, "", "empty")
        for name in sorted({name for name in columns if name and columns.count(name) > 1}):
            self.faults.add(1, name, "double_column")
        return columns

    def _next(self) -> list[str] | None:
        try:
            return [cell.strip() for cell in next(self._reader)]
        except StopIteration:
            return None
        except csv.Error:
            raise self.faults.stop(self._reader.line_num, "", "bad_quotes") from None


def _delimiter(text: str) -> str:
    """The separator of the header: the one it has most of."""
    first = _QUOTED.sub("x", text[:_SAMPLE]).lstrip().splitlines()[:1]
    return max(",;\t", key=first[0].count) if first else ","
