"""Uploaded files: every encoding and kind we promise, exact errors, and nothing slow."""

import contextlib
import csv
import io
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.requests.csv_text import (
    Table,
    guess_person_column,
    ignored_columns,
    lines_from_column,
    read_table,
)
from approvals.requests.people_list import Line
from approvals.requests.people_match import State
from approvals.requests.people_texts import LIST_ERRORS, STATE_LABELS, explain_list_error, state_label
from grants.directory.csv_text import MAX_UPLOAD, decode_upload
from grants.directory.list_errors import ListError

CHINESE = "姓名,邮箱\r\n王磊,wang.lei@example.com\r\n李娜,li.na@example.com\r\n"


def refusal(data: bytes, filename: str = "people.csv") -> tuple[str, dict[str, object]]:
    with pytest.raises(ListError) as refused:
        read_table(decode_upload(data, filename).text)
    return refused.value.code, refused.value.params


def packed(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (CHINESE.encode("utf-8"), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + CHINESE.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + CHINESE.encode("utf-16-be"), "utf-16-be"),
        (CHINESE.encode("utf-16-le"), "utf-16-le"),
        (CHINESE.encode("utf-16-be"), "utf-16-be"),
        (CHINESE.encode("gb18030"), "gb18030"),
    ],
)
def test_every_promised_encoding(data: bytes, encoding: str) -> None:
    found = decode_upload(data, "people.csv")

    assert (found.text, found.encoding) == (CHINESE, encoding)


def test_chinese_names_alone_in_utf_16_without_mark() -> None:
    names = "王一\r\n李一\r\n一一\r\n"

    assert decode_upload(names.encode("utf-16-le"), "a.csv").text == names
    assert decode_upload(names.encode("utf-16-be"), "a.csv").text == names


def test_a_private_character_in_utf_8_is_still_utf_8() -> None:
    assert decode_upload("王磊\uf8ff\n".encode(), "a.csv").encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "filename", "expected"),
    [
        (
            packed("[Content_Types].xml", "xl/workbook.xml"),
            "people.csv",
            ("excel_workbook", {"extension": ".xlsx"}),
        ),
        (packed("a"), "People.XLSM", ("excel_workbook", {"extension": ".xlsm"})),
        (packed("people.csv"), "people.zip", ("zip_archive", {})),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "people.xls",
            ("excel_workbook", {"extension": ".xls"}),
        ),
        (b"%PDF-1.7\n%\xe2\xe3", "people.pdf", ("pdf", {})),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "people.png", ("unreadable_characters", {})),
        (b"\xff\xfea", "people.csv", ("unreadable_characters", {})),
        (b"alice@example.com\x00,bob@example.com", "a.csv", ("unreadable_characters", {})),
        (b"Jos\xe9,\xff\xff\n", "people.csv", ("unreadable_characters", {})),
        (b"", "people.csv", ("empty_file", {})),
        (b"\xef\xbb\xbf \r\n", "people.csv", ("empty_file", {})),
        (b",,\r\n;;\n", "people.csv", ("empty_file", {})),
        (b"email,team\r\n,\r\n", "people.csv", ("only_header", {})),
        (b"a" * MAX_UPLOAD, "people.csv", ("file_too_big", {"limit_mb": 1, "size_mb": "1.0"})),
        (b"a" * (32 * MAX_UPLOAD // 10), "people.csv", ("file_too_big", {"limit_mb": 1, "size_mb": "3.2"})),
        (b'email\na@x\n"b"c\n', "people.csv", ("bad_quotes", {"line": 3})),
        (b'email\na@x\n"b@x\nc@x\n', "people.csv", ("bad_quotes", {"line": 3})),
        (b"a\n" + b"," * 100, "people.csv", ("too_many_columns", {"limit": 100, "line": 2})),
        (b"a\n" + b"b" * 140000, "people.csv", ("cell_too_long", {"line": 2})),
    ],
)
def test_refused_files(data: bytes, filename: str, expected: object) -> None:
    assert refusal(data, filename) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_table_with_a_header(delimiter: str, end: str) -> None:
    rows = [
        ["Name", "E-Mail", "Desk"],
        ['Li; "Na", jr\t', "li.na@example.com", ""],
        ["", "", ""],
        ["Bob", "b@x", "7"],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)

    table = read_table(text.getvalue())

    assert table == Table(
        ("Name", "E-Mail", "Desk"),
        (('Li; "Na", jr', "li.na@example.com", ""), ("Bob", "b@x", "7")),
        (2, 4),
        delimiter,
    )
    assert (guess_person_column(table), ignored_columns(table, 1)) == (1, ["Name", "Desk"])
    assert lines_from_column(table, 1) == [
        Line(2, "li.na@example.com", "li.na@example.com"),
        Line(4, "b@x", "b@x"),
    ]


def test_one_column_needs_no_delimiter_and_no_header() -> None:
    table = read_table("alice\nbob@example.com\n\n王磊\n")

    assert (table.header, table.delimiter, guess_person_column(table)) == (None, ",", 0)
    assert [(line.number, line.token) for line in lines_from_column(table, 0)] == [
        (1, "alice"),
        (2, "bob@example.com"),
        (4, "王磊"),
    ]


def test_a_row_of_people_is_never_taken_for_a_header() -> None:
    assert read_table("alice,Vision,member\nbob,Speech,member\n").header is None
    assert read_table("bob\nalice@example.com\n").header is None


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("工号;姓名\n10234;王磊\n", 0),
        ("team,姓名\nVision,王磊\n", 1),
        ("User Name,E-mail\nbob,b@x\n", 1),
        ("Vision,a@x,1\nSpeech,b@x,2\nSpeech,,3\n", 1),
        ("Vision,1\nSpeech,2\n", None),
        ("email,location,floor\na@x,B,3\n", 0),
    ],
)
def test_person_column(text: str, column: int | None) -> None:
    assert guess_person_column(read_table(text)) == column


def test_columns_without_a_name_get_the_letter_of_the_spreadsheet() -> None:
    table = read_table("email,,\na@x,1,2,3\n")

    assert table.column_names == ("email", "B", "C", "D")
    assert read_table(",".join("abcdefghijklmnopqrstuvwxyz12") + "\n").column_names[-3:] == ("Z", "AA", "AB")


def test_separator_line_of_excel_is_obeyed_and_counted() -> None:
    table = read_table("sep=;\r\nemail;team\r\na,b@x;Vision\r\n")

    assert (table.delimiter, table.rows, table.line_numbers) == (";", (("a,b@x", "Vision"),), (3,))


def test_preview_is_the_first_five_rows() -> None:
    assert read_table("email\n" + "".join(f"p{n}@x\n" for n in range(9))).preview == tuple(
        (f"p{n}@x",) for n in range(5)
    )


def test_a_file_of_the_whole_company_is_refused_with_the_figures() -> None:
    assert refusal(b"email\n" + b"p@x\n" * 2001) == ("too_many_people", {"limit": 500, "count": 2001})
    assert len(read_table("email,note\n" + ",later\n" * 1999 + "p@x,\n").rows) == 2000


def test_501_people_are_refused_with_the_figures() -> None:
    table = read_table("".join(f"p{n}@x\n" for n in range(501)))

    with pytest.raises(ListError) as refused:
        lines_from_column(table, 0)
    assert (refused.value.code, refused.value.params) == ("too_many_people", {"limit": 500, "count": 501})


@pytest.mark.parametrize(
    "unit", [",", '"', '"a', '""', "\n", "\r", "a\n", "a,b\r\n\r", "a@b;", "\t", '"\n', "一,", "\\"], ids=repr
)
def test_twice_the_hostile_text_is_at_most_twice_the_work(unit: str) -> None:
    once, twice = (calls_to_read(unit * (size // len(unit))) for size in (20_000, 40_000))
    assert twice <= 2.2 * once + 200


def test_a_hostile_file_as_large_as_allowed_is_read_to_its_end() -> None:
    for unit in (",", '"', "a\n", "a@b;"):
        read_or_refuse((unit * MAX_UPLOAD)[: MAX_UPLOAD - 1])


def read_or_refuse(text: str) -> None:
    with contextlib.suppress(ListError):
        table = read_table(decode_upload(text.encode(), "people.csv").text)
        lines_from_column(table, guess_person_column(table) or 0)


def calls_to_read(text: str) -> int:
    """How many calls reading takes: work that no clock of a busy machine can blur."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        read_or_refuse(text)
    finally:
        sys.setprofile(None)
    return calls


cells = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp"]), min_size=1, max_size=9
).filter(lambda cell: cell.strip() == cell and any(sign.isalnum() for sign in cell))


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=9), st.sampled_from([",", ";", "\t"]))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("email", "team"), *rows])

    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        found = decode_upload(text.getvalue().encode(encoding), "people.csv")
        assert found.text == text.getvalue()
        table = read_table(found.text)
        assert (table.header, table.delimiter) == (("email", "team"), delimiter)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    code = None
    try:
        table = read_table(decode_upload(data, "people.csv").text)
    except ListError as refused:
        code = refused.code

    assert code in LIST_ERRORS or len(table.rows) == len(table.line_numbers) > 0


def test_every_state_has_its_word() -> None:
    assert set(STATE_LABELS) == set(State)
    assert state_label("not_found") == "Not in the directory"


def test_errors_read_as_people_speak() -> None:
    assert explain_list_error(ListError("file_too_big", {"limit_mb": 1, "size_mb": "3.2"})) == (
        "The file must be smaller than 1 MB. Yours is 3.2 MB"
    )
    assert explain_list_error(ListError("too_many_people", {"limit": 500, "count": 612})) == (
        "You can add up to 500 people. This list has 612"
    )
