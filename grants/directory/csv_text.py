"""Reads the characters and rows of an uploaded CSV file, whatever program wrote it. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grants.directory.folding import clean
from grants.directory.list_errors import ListError

MAX_UPLOAD = 1024 * 1024
MAX_COLUMNS = 100
SAMPLE_LINES = 20
SAMPLE_BYTES = 64 * 1024

_UTF16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# Private use, noncharacters, control characters: a text with them was decoded wrongly, unless it is UTF-8.
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]")
_SEPARATOR_LINE = re.compile(r"\A\s*sep=([,;\t])\s*(?:\r\n|\r|\n)", re.IGNORECASE)
_QUOTED_CELL = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class CsvText:
    """The file's text and the encoding it was read with."""

    text: str
    encoding: str


def decode_upload(data: bytes, filename: str, *, limit: int = MAX_UPLOAD) -> CsvText:
    """The text of a file in UTF-8, UTF-16 (with or without byte order mark) or GB18030, smaller than `limit` bytes.

    Raises ListError `file_too_big` (limit_mb, size_mb), `empty_file`, `excel_workbook` (extension),
    `zip_archive`, `pdf`, `unreadable_characters`.
    """
    if len(data) >= limit:
        raise ListError("file_too_big", {"limit_mb": limit >> 20, "size_mb": _megabytes(len(data))})
    _refuse_other_kinds(data, filename)
    found = _decoded(data)
    if found is None:
        raise ListError("unreadable_characters")
    if not clean(found.text).strip():
        raise ListError("empty_file")
    return found


def read_rows(text: str) -> tuple[str, list[tuple[int, list[str]]]]:
    """The delimiter (comma, semicolon or tab, guessed) and each row that is not empty with its line number.

    Raises ListError `empty_file`, `bad_quotes` (line), `cell_too_long` (line), `too_many_columns` (limit, line).
    """
    named = _SEPARATOR_LINE.match(text)
    delimiter = named[1] if named else _guess_delimiter(text)
    skipped = named.end() if named else 0
    rows = list(_rows(text[skipped:], delimiter, 2 if named else 1))
    if not rows:
        raise ListError("empty_file")
    return delimiter, rows


def _refuse_other_kinds(data: bytes, filename: str) -> None:
    """Name the common mistakes by their first bytes, whatever the file is called."""
    if data.startswith(b"PK\x03\x04"):
        extension = filename.lower().rpartition(".")[2]
        if extension.startswith("xls") or b"xl/workbook" in data:
            raise ListError(
                "excel_workbook", {"extension": f".{extension}" if extension.startswith("xls") else ".xlsx"}
            )
        raise ListError("zip_archive")
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise ListError("excel_workbook", {"extension": ".xls"})
    if data.startswith(b"%PDF"):
        raise ListError("pdf")


def _decoded(data: bytes) -> CsvText | None:
    """The first decoding that gives a text."""
    for encoding, content in _encodings(data):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding.startswith("utf-8") or not _NOT_TEXT.search(text):
            return CsvText(text, encoding)
    return None


def _encodings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The encodings that this file may be in. GB18030 is last: it makes some sense of almost anything."""
    mark = _UTF16_MARKS.get(data[:2])
    if mark:
        yield mark, data[2:]
    elif data.startswith(b"\xef\xbb\xbf"):
        yield "utf-8-sig", data
    elif b"\x00" in data:
        yield from ((encoding, data) for encoding in _utf16_without_mark(data[:SAMPLE_BYTES]))
    else:
        yield from (("utf-8", data), ("gb18030", data))


def _utf16_without_mark(sample: bytes) -> list[str]:
    """The byte order in which more characters are ASCII; none where the zero bytes are only strays."""
    if sample.count(0) * 20 < len(sample):
        return []
    pairs = list(zip(sample[::2], sample[1::2], strict=False))
    little = sum(high == 0 < low < 0x80 for low, high in pairs)
    big = sum(high == 0 < low < 0x80 for high, low in pairs)
    return ["utf-16-le"] if little >= big else ["utf-16-be"]


def _guess_delimiter(text: str) -> str:
    """The separator that most of the first lines have, most often; the comma where there is none."""
    sample = _QUOTED_CELL.sub("x", text[:SAMPLE_BYTES]).splitlines()
    lines = [line for line in sample if line.strip()][:SAMPLE_LINES]
    return max(
        ",;\t",
        key=lambda mark: (sum(mark in line for line in lines), sum(line.count(mark) for line in lines)),
    )


def _rows(text: str, delimiter: str, line: int) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line of the file at which it begins."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    begins = line
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS:
                raise ListError("too_many_columns", {"limit": MAX_COLUMNS, "line": begins})
            if any(character.isalnum() for cell in row for character in cell):
                yield begins, row
            begins = line + reader.line_num
    except csv.Error as error:
        code = "cell_too_long" if "field limit" in str(error) else "bad_quotes"
        raise ListError(code, {"line": begins}) from error


def tidy(row: list[str]) -> tuple[str, ...]:
    """The cells without invisible characters and outer spaces."""
    return tuple(clean(cell).strip() for cell in row)


def _megabytes(size: int) -> str:
    """Size in MB with one decimal, rounded up so that it never reads like the limit."""
    tenths = -(-size * 10 // (1 << 20))
    return f"{tenths // 10}.{tenths % 10}"
