"""Whom the lines mean: states, namesakes, repetitions and suggestions."""

import time
from collections.abc import Collection, Mapping, Sequence

import pytest

from approvals.requests.people_list import parse_people
from approvals.requests.people_match import Candidate, Found, ResolvedLine, State, counts, resolve
from approvals.requests.suggestions import Suggester

ALICE = Candidate(1, "Alice Ek", active=True, hint="Vision")
BOB = Candidate(2, "Bob", active=True)
CHARLIE = Candidate(3, "Charlie", active=False)
WANG_1 = Candidate(10, "王磊", active=True, hint="Vision, 10234")
WANG_2 = Candidate(11, "王磊", active=True, hint="Speech, 10777")
WANG_3 = Candidate(12, "王磊", active=False, hint="left")
LI_1, LI_2 = Candidate(20, "李娜", active=True), Candidate(21, "李娜", active=False)


class Book:
    """A directory of a few people that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _answer(self, kind: str, tokens: Collection[str], known: Mapping[str, Sequence[Candidate]]) -> Found:
        self.asked.append(kind)
        return {token: known[token] for token in tokens if token in known}

    def by_address(self, tokens: Collection[str]) -> Found:
        known = {
            "alice@example.com": [ALICE],
            "a.ek@example.com": [ALICE],
            "bob@example.com": [BOB],
            "charlie@example.com": [CHARLIE],
        }
        return self._answer("address", tokens, known)

    def by_user_name(self, tokens: Collection[str]) -> Found:
        return self._answer("user_name", tokens, {"aek": [ALICE], "777": [BOB]})

    def by_employee_number(self, tokens: Collection[str]) -> Found:
        return self._answer("employee_number", tokens, {"10234": [WANG_1], "777": [ALICE]})

    def by_name(self, tokens: Collection[str]) -> Found:
        known = {"王磊": [WANG_2, WANG_3, WANG_1], "李娜": [LI_2, LI_1], "alice ek": [ALICE]}
        return self._answer("name", tokens, known)

    def near_addresses(self, tokens: Collection[str]) -> Collection[str]:
        self.asked.append("near")
        return ["alice@example.com", "bob@example.com", "wang.lei@example.com"]


def states(text: str, **options: object) -> list[tuple[str, str, int | None]]:
    found = resolve(parse_people(text), Book(), **options)  # type: ignore[arg-type]
    return [(line.line.token, line.state.value, line.person_id) for line in found]


def only(text: str, **options: object) -> ResolvedLine:
    (line,) = resolve(parse_people(text), Book(), **options)  # type: ignore[arg-type]
    return line


@pytest.mark.parametrize("written", ["Alice@Example.com", "A.EK@example.com", "AEK", "alice  EK", "Ａek"])
def test_a_person_is_found_however_they_are_written(written: str) -> None:
    line = only(written)

    assert (line.state, line.person_id, line.needs_fixing) == (State.FOUND, 1, False)


def test_repeated_compares_persons_and_names_the_first_line() -> None:
    found = resolve(parse_people("alice@example.com\nbob@example.com\naek\nA.Ek@example.com"), Book())

    assert [(line.state.value, line.repeated_of) for line in found] == [
        ("found", None),
        ("found", None),
        ("repeated", 1),
        ("repeated", 1),
    ]


def test_namesakes_are_offered_active_first_and_are_no_repetition() -> None:
    found = resolve(parse_people("王磊\n王磊"), Book())

    assert [line.state for line in found] == [State.AMBIGUOUS, State.AMBIGUOUS]
    assert found[0].candidates == (WANG_2, WANG_1, WANG_3)
    assert (found[0].person_id, found[0].needs_fixing) == (None, True)


def test_a_chosen_namesake_is_taken_and_a_stranger_is_not() -> None:
    assert states("王磊\n10234", chosen={1: 10}) == [("王磊", "found", 10), ("10234", "repeated", 10)]
    assert only("王磊", chosen={1: 2}).state is State.AMBIGUOUS
    assert only("王磊", chosen={1: 12}).state is State.INACTIVE


def test_the_only_active_namesake_is_meant() -> None:
    assert only("李娜").person_id == 20


def test_a_token_that_means_two_people_is_ambiguous() -> None:
    line = only("777")

    assert (line.state, {candidate.person_id for candidate in line.candidates}) == (State.AMBIGUOUS, {1, 2})


def test_somebody_who_left_is_told() -> None:
    line = only("charlie@example.com", holders={3})

    assert (line.state, line.person_id, line.needs_fixing) == (State.INACTIVE, 3, True)


def test_holders_are_told_and_need_no_fixing() -> None:
    line = only("bob@example.com", holders={2})

    assert (line.state, line.needs_fixing) == (State.ALREADY_HAS_ACCESS, False)


def test_no_line_is_lost_and_counts_add_up() -> None:
    lines = parse_people("bob@example.com\nnobody\nbob@example.com\n王磊\ncharlie@example.com")

    found = resolve(lines, Book())

    assert [line.line for line in found] == lines
    assert counts(found) == {
        State.FOUND: 1,
        State.NOT_FOUND: 1,
        State.AMBIGUOUS: 1,
        State.INACTIVE: 1,
        State.REPEATED: 1,
    }


def test_each_question_is_asked_once() -> None:
    book = Book()

    resolve(parse_people("bob@example.com\naek\nnobody\n10234\nx@example.com"), book)

    assert book.asked == ["address", "user_name", "employee_number", "name", "near"]


def test_nothing_is_asked_that_is_not_needed() -> None:
    book = Book()

    resolve(parse_people("bob@example.com"), book)
    resolve([], book)

    assert book.asked == ["address"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("wang.lei@exmaple.com", "wang.lei@example.com"),
        ("wang.lie@example.com", "wang.lei@example.com"),
        ("wanglei@example.com", "wang.lei@example.com"),
        ("wang.leii@exmple.com", "wang.lei@example.com"),
        ("lei_wang@example.com", "wang.lei@example.com"),
        ("lei wang", "wang.lei@example.com"),
        ("alcie@example.com", "alice@example.com"),
        ("alice@other.org", None),
        ("zoe@example.com", None),
        ("@example.com", None),
    ],
)
def test_suggestion(written: str, expected: str | None) -> None:
    assert only(written).suggestion == expected


def test_two_equally_good_suggestions_are_none() -> None:
    assert Suggester(["lina@example.com", "linb@example.com"]).suggest("linc@example.com") is None


def test_500_mistakes_against_600_addresses_are_cheap() -> None:
    suggester = Suggester([f"person.number{n:04}@mail{n % 3}.example.com" for n in range(600)])
    began = time.perf_counter()

    found = [suggester.suggest(f"persn.number{n:04}@mial{n % 3}.example.com") for n in range(500)]

    assert found[7] == "person.number0007@mail1.example.com"
    assert None not in found
    assert time.perf_counter() - began < 5
