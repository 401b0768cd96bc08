"""Pasted lists: what people paste, what must never be lost, and what must stay fast."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.requests.people_list import Line, parse_people, read_entry
from grants.directory.folding import clean, fold
from grants.directory.list_errors import ListError


def tokens(text: str) -> list[str]:
    return [line.token for line in parse_people(text)]


@pytest.mark.parametrize(
    "separator", ["\n", "\r\n", "\r", ",", ";", "\t", "，", "；", "、", "\u3000", ", ", " ;\n", "\u2028"]
)
def test_separators(separator: str) -> None:
    assert tokens(separator.join(["alice", "bob@example.com", "王磊", "10234"])) == [
        "alice",
        "bob@example.com",
        "王磊",
        "10234",
    ]


@pytest.mark.parametrize(
    ("written", "token", "name"),
    [
        ("Li Na <li.na@example.com>", "li.na@example.com", "Li Na"),
        ('"Li, Na" <li.na@example.com>', "li.na@example.com", "Li, Na"),
        ("'Li, Na' <li.na@example.com>", "li.na@example.com", "Li, Na"),
        ("“李，娜” <li.na@example.com>", "li.na@example.com", "李,娜"),
        ("Li, Na <li.na@example.com>", "li.na@example.com", "Li, Na"),
        ("王磊（wang.lei@example.com）", "wang.lei@example.com", "王磊"),
        ("王磊＜wang.lei＠example.com＞", "wang.lei@example.com", "王磊"),
        ("Wang Lei wang.lei@example.com", "wang.lei@example.com", "Wang Lei"),
        ("Li Na (Vision) <li.na@example.com>", "li.na@example.com", "Li Na (Vision)"),
        ("<mailto:Li.Na@example.com>", "li.na@example.com", None),
        ("MAILTO:li.na@example.com", "li.na@example.com", None),
        ("ｌｉ．ｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "li.na@example.com", None),
        ("Ａ１０２３４", "a10234", None),
        ("  Anna\xa0 Straße ", "anna strasse", None),
        ("ΠΑΡΙΣ", "παρισ", None),
        ("1. alice", "alice", None),
        ("2）bob", "2)bob", None),
        ("3、王磊", "王磊", None),
        ("• charlie", "charlie", None),
        ("- mia", "mia", None),
        ('"sam"', "sam", None),
        ("O'Brien", "o'brien", None),
        ("ad\u200ba@exam\ufeffple.com", "ada@example.com", None),
        ("a\x00d\x07a", "ada", None),
        ("ada@example.com.", "ada@example.com", None),
    ],
)
def test_one_entry(written: str, token: str, name: str | None) -> None:
    lines = parse_people(written)

    assert [(line.token, line.display_name) for line in lines] == [(token, name)]


def test_what_was_written_is_kept() -> None:
    assert parse_people(" Ａlice＠Example.com ，\n王磊\x00") == [
        Line(1, "Ａlice＠Example.com", "alice@example.com"),
        Line(2, "王磊", "王磊"),
    ]


def test_names_with_spaces_stay_one_entry_and_addresses_do_not() -> None:
    assert tokens("Anna Maria Ek\na@example.com b@example.com") == [
        "anna maria ek",
        "a@example.com",
        "b@example.com",
    ]


def test_a_person_before_an_address_is_not_taken_for_a_surname() -> None:
    assert tokens("bob, Na <na@example.com>") == ["bob", "na@example.com"]
    assert tokens("wang, Wang Lei <wang.lei@example.com>") == ["wang", "wang.lei@example.com"]


def test_addresses_in_brackets_need_no_separator() -> None:
    assert tokens("Li Na <li.na@example.com> Bob <bob@example.com>") == [
        "li.na@example.com",
        "bob@example.com",
    ]


@pytest.mark.parametrize("text", ["", " \n\t", ",,;；、", "--\n***", '""', "<>", "\u200b\x00"])
def test_nothing_written_is_an_empty_list(text: str) -> None:
    assert parse_people(text) == []


def test_500_people_are_taken_and_501_are_refused_with_the_figures() -> None:
    assert len(parse_people("\n".join(f"user{n}" for n in range(500)))) == 500
    with pytest.raises(ListError) as refused:
        parse_people("\n".join(f"user{n}" for n in range(612)))

    assert (refused.value.code, refused.value.params) == ("too_many_people", {"limit": 500, "count": 612})


def test_64_kb_are_taken_and_one_byte_more_is_refused_with_the_figures() -> None:
    assert len(parse_people("a" * 65536)) == 1
    with pytest.raises(ListError) as refused:
        parse_people("王" * 21846)

    assert (refused.value.code, refused.value.params) == ("list_too_long", {"limit_kb": 64, "size_kb": 65})


def test_a_very_long_entry_is_shortened_where_it_is_shown() -> None:
    line = read_entry("x" * 1000, 3)

    assert line is not None
    assert (line.number, len(line.raw), line.raw[-2:]) == (3, 400, "x…")


@pytest.mark.parametrize(
    "text",
    [
        "@" * 65536,
        '"' * 65536,
        "<" * 65536,
        "(a@" * 21000,
        '"a" ' * 16000,
        "," * 65536,
        " " * 65536,
        " <" * 32000,
        "' " * 32000,
        "\u3000" * 21000,
        "1、" * 16000,
        "a,<a@a>" * 9000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(ListError):
        parse_people(text)

    assert time.perf_counter() - began < 2


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    lines = parse_people(text)

    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    for line in lines:
        assert line.token == fold(line.token) != ""
        assert "\x00" not in line.raw + line.token
        (line.raw + line.token + (line.display_name or "")).encode("utf-8")


@given(st.text())
def test_cleaning_and_folding_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert fold(fold(text)) == fold(text)


words = st.text("abcxyz王磊李娜0123456789._-", min_size=1, max_size=12).filter(
    lambda word: word[0].isalnum() and word[-1].isalnum()
)


@given(
    st.lists(st.one_of(words, st.builds("{}@example.com".format, words)), min_size=1, max_size=40),
    st.sampled_from(["\n", ";", "\t", "，", "；", "\u3000"]),
)
def test_no_entry_is_lost_or_invented(people: list[str], separator: str) -> None:
    assert tokens(separator.join(people)) == people
