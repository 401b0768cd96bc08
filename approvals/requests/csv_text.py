"""Reads an uploaded list of people: its table and its column of people. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from approvals.requests.people_list import MAX_PEOPLE, Line, read_entry, within_limit
from grants.directory.csv_text import read_rows, tidy
from grants.directory.folding import fold
from grants.directory.list_errors import ListError

MAX_ROWS = 4 * MAX_PEOPLE  # a row need not name somebody: other sheets have notes and gaps
PREVIEW_ROWS = 5

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


def read_table(text: str) -> Table:
    """The rows of a CSV text; the delimiter is guessed among comma, semicolon and tab.

    Raises ListError `empty_file`, `only_header`, `bad_quotes` (line), `cell_too_long` (line),
    `too_many_columns` (limit, line), `too_many_people` (limit, count) above 2,000 rows.
    """
    delimiter, rows = read_rows(text)
    header = tidy(rows[0][1]) if _is_header(rows[0][1]) else None
    people = rows[1:] if header else rows
    if not people:
        raise ListError("only_header")
    if len(people) > MAX_ROWS:
        raise ListError("too_many_people", {"limit": MAX_PEOPLE, "count": len(people)})
    return Table(header, tuple(tidy(row) for _, row in people), tuple(line for line, _ in people), delimiter)


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
