"""Reads an uploaded list of people: the file's characters, its table, its column of people. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from approvals.requests.list_errors import ListError
from approvals.requests.people_list import MAX_PEOPLE, Line, clean, fold, read_entry, within_limit

MAX_UPLOAD = 1024 * 1024
MAX_COLUMNS = 100
MAX_ROWS = 4 * MAX_PEOPLE  # a row need not name somebody: other sheets have notes and gaps
PREVIEW_ROWS = 5
SAMPLE_LINES = 20
SAMPLE_BYTES = 64 * 1024

_UTF16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# Private use, noncharacters, control characters: a text with them was decoded wrongly, unless it is UTF-8.
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]")
_SEPARATOR_LINE = re.compile(r"\A\s*sep=([,;\t])\s*(?:\r\n|\r|\n)", re.IGNORECASE)
_QUOTED_CELL = re.compile(r'"[^"]*"')

# Header words by how surely the column names a person.
_HEADERS = (
    (
        "email",
        "e-mail",
        "mail",
        "email address",
        "e-mail address",
        "邮箱",
        "电子邮箱",
        "电子邮件",
        "邮箱地址",
    ),
    ("user name", "username", "login", "uid", "user", "account", "用户名", "账号", "帐号", "域账号"),
    (
        "employee number",
        "employee id",
        "employee no",
        "staff number",
        "staff id",
        "工号",
        "员工编号",
        "员工号",
    ),
    ("full name", "display name", "name", "member", "person", "姓名", "名字", "成员", "人员"),
)
_OTHER_HEADERS = ("role", "team", "department", "end date", "角色", "团队", "部门", "结束日期")
_ALSO_VALUES = frozenset({"user", "account", "member", "person", "成员", "人员", *_OTHER_HEADERS})
_HEADER_WORDS = frozenset(word for words in (*_HEADERS, _OTHER_HEADERS) for word in words)


@dataclass(frozen=True, slots=True)
class CsvText:
    """The file's text and the encoding it was read with."""

    text: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file without empty ones, and the line of the file at which each begins."""

    header: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]
    line_numbers: tuple[int, ...]
    delimiter: str

    @property
    def preview(self) -> tuple[tuple[str, ...], ...]:
        """The first five rows, to choose the column by."""
        return self.rows[:PREVIEW_ROWS]

    @property
    def width(self) -> int:
        """How many columns the widest row has."""
        return max(map(len, (self.header or (), *self.rows)), default=0)

    @property
    def column_names(self) -> tuple[str, ...]:
        """What the header calls each column; the letter of the spreadsheet where it says nothing."""
        named = self.header or ()
        return tuple((named[at] if at < len(named) else "") or _letters(at) for at in range(self.width))


def decode_upload(data: bytes, filename: str) -> CsvText:
    """The text of a file in UTF-8, UTF-16 (with or without byte order mark) or GB18030.

    Raises ListError `file_too_big` (limit_mb, size_mb), `empty_file`, `excel_workbook` (extension),
    `zip_archive`, `pdf`, `unreadable_characters`.
    """
    if len(data) >= MAX_UPLOAD:
        raise ListError("file_too_big", {"limit_mb": MAX_UPLOAD >> 20, "size_mb": _megabytes(len(data))})
    _refuse_other_kinds(data, filename)
    found = _decoded(data)
    if found is None:
        raise ListError("unreadable_characters")
    if not clean(found.text).strip():
        raise ListError("empty_file")
    return found


def read_table(text: str) -> Table:
    """The rows of a CSV text; the delimiter is guessed among comma, semicolon and tab.

    Raises ListError `empty_file`, `only_header`, `bad_quotes` (line), `cell_too_long` (line),
    `too_many_columns` (limit, line), `too_many_people` (limit, count) above 2,000 rows.
    """
    named = _SEPARATOR_LINE.match(text)
    delimiter = named[1] if named else _guess_delimiter(text)
    skipped = named.end() if named else 0
    rows = list(_rows(text[skipped:], delimiter, 2 if named else 1))
    if not rows:
        raise ListError("empty_file")
    header = _tidy(rows[0][1]) if _is_header(rows[0][1]) else None
    people = rows[1:] if header else rows
    if not people:
        raise ListError("only_header")
    if len(people) > MAX_ROWS:
        raise ListError("too_many_people", {"limit": MAX_PEOPLE, "count": len(people)})
    return Table(header, tuple(_tidy(row) for _, row in people), tuple(line for line, _ in people), delimiter)


def guess_person_column(table: Table) -> int | None:
    """The column that names the people: by its header, else where most cells are addresses, else the only one."""
    folded = [fold(name) for name in table.header or ()]
    for words in _HEADERS:
        for at, name in enumerate(folded):
            if name in words:
                return at
    addresses = [sum("@" in cell for cell in _column(table, at)) for at in range(table.width)]
    most = max(addresses, default=0)
    if most * 2 > len(table.rows):
        return addresses.index(most)
    return 0 if table.width == 1 else None


def ignored_columns(table: Table, column: int) -> list[str]:
    """The names of all other columns, to be told that they are not read."""
    return [name for at, name in enumerate(table.column_names) if at != column]


def lines_from_column(table: Table, column: int) -> list[Line]:
    """The people of a column, one a row, numbered by the line of the file; empty cells name nobody.

    Raises ListError `too_many_people` (limit, count) above 500.
    """
    cells = zip(table.line_numbers, _column(table, column), strict=True)
    entries = (read_entry(cell, number) for number, cell in cells)
    return within_limit([line for line in entries if line])


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


def _tidy(row: list[str]) -> tuple[str, ...]:
    return tuple(clean(cell).strip() for cell in row)


def _is_header(row: list[str]) -> bool:
    """Whether a row names columns: by a word that is never a value, or by nothing but words we know.

    In doubt it is a row of people: a header taken for a person is seen, a person taken for a header is lost.
    """
    cells = {fold(cell) for cell in row} - {""}
    return bool(cells & (_HEADER_WORDS - _ALSO_VALUES)) or cells <= _HEADER_WORDS


def _column(table: Table, column: int) -> Iterator[str]:
    return (row[column] if column < len(row) else "" for row in table.rows)


def _letters(at: int) -> str:
    """The name of a column in a spreadsheet: A to Z, AA and on."""
    return (chr(ord("A") + at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _megabytes(size: int) -> str:
    """Size in MB with one decimal, rounded up so that it never reads like the limit."""
    tenths = -(-size * 10 // (1 << 20))
    return f"{tenths // 10}.{tenths % 10}"
