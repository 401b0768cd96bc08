"""Finds out whom the lines of a list mean, all at once, and says what is wrong with the others. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from approvals.requests.people_list import Line
from approvals.requests.suggestions import Suggester


class State(StrEnum):
    """What became of a line, in the order people read the counts."""

    FOUND = "found"
    ALREADY_HAS_ACCESS = "already_has_access"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    INACTIVE = "inactive"
    REPEATED = "repeated"


NEEDS_FIXING = frozenset({State.NOT_FOUND, State.AMBIGUOUS, State.INACTIVE})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person that a token may mean. `hint` tells namesakes apart, e.g. `Vision, 10234`."""

    person_id: int
    name: str
    active: bool
    hint: str = ""


Found = Mapping[str, Sequence[Candidate]]


class Directory(Protocol):
    """Where people are looked up. Each method is asked at most once a list, with all tokens it may know.

    Tokens are folded by `people_list.fold`, and so are the keys of the answers; tokens that nobody has are
    absent. People who left are answered too, so that the list can say so.
    """

    def by_address(self, tokens: Collection[str]) -> Found:
        """People by any of their verified addresses."""

    def by_user_name(self, tokens: Collection[str]) -> Found:
        """People by user name."""

    def by_employee_number(self, tokens: Collection[str]) -> Found:
        """People by employee number."""

    def by_name(self, tokens: Collection[str]) -> Found:
        """People by their whole name; namesakes together."""

    def near_addresses(self, tokens: Collection[str]) -> Collection[str]:
        """Addresses of active people to compare unknown tokens with: all of a small directory, else some."""


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line and whom it means. `repeated_of` is the number of the line that named the person first."""

    line: Line
    state: State
    person_id: int | None = None
    candidates: tuple[Candidate, ...] = ()
    suggestion: str | None = None
    repeated_of: int | None = None

    @property
    def needs_fixing(self) -> bool:
        """Whether somebody has to correct, choose or remove before this line can be sent."""
        return self.state in NEEDS_FIXING


def resolve(
    lines: Sequence[Line],
    directory: Directory,
    *,
    holders: Collection[int] = (),
    chosen: Mapping[int, int] | None = None,
) -> list[ResolvedLine]:
    """Every line with its state, in order; never fewer lines than given.

    `holders` are the persons who already have the access asked for; `chosen` names the person picked among
    the namesakes of a line, by line number. Repetition compares persons: a user name after the same person's
    address is a repetition, the same name of two people is not.
    """
    known = _look_up({line.token for line in lines}, directory)
    unknown = {line.token for line in lines if not known.get(line.token)}
    suggester = Suggester(directory.near_addresses(unknown)) if unknown else None
    first: dict[int, int] = {}
    resolved = []
    for line in lines:
        person = _pick(known.get(line.token, ()), (chosen or {}).get(line.number))
        if person is not None:
            resolved.append(_placed(line, person, holders, first))
        elif line.token in unknown:
            suggestion = suggester.suggest(line.token) if suggester else None
            resolved.append(ResolvedLine(line, State.NOT_FOUND, suggestion=suggestion))
        else:
            resolved.append(ResolvedLine(line, State.AMBIGUOUS, candidates=known[line.token]))
    return resolved


def counts(resolved: Iterable[ResolvedLine]) -> dict[State, int]:
    """How many lines are in each state, for the filters above the table; states without lines are absent."""
    found = Counter(line.state for line in resolved)
    return {state: found[state] for state in State if found[state]}


def _look_up(tokens: set[str], directory: Directory) -> dict[str, tuple[Candidate, ...]]:
    """Who each token may mean, each person once. What is no address is tried as all else."""
    addresses = {token for token in tokens if "@" in token}
    others = tokens - addresses
    answers: list[Found] = [directory.by_address(addresses)] if addresses else []
    if others:
        answers += [
            ask(others) for ask in (directory.by_user_name, directory.by_employee_number, directory.by_name)
        ]
    people: dict[str, dict[int, Candidate]] = {}
    for answer in answers:
        for token, candidates in answer.items():
            people.setdefault(token, {}).update({candidate.person_id: candidate for candidate in candidates})
    return {
        token: tuple(sorted(found.values(), key=_order)) for token, found in people.items() if token in tokens
    }


def _pick(candidates: Sequence[Candidate], chosen: int | None) -> Candidate | None:
    """The one person meant: the chosen one, else the only active one, else the only one."""
    picked = [candidate for candidate in candidates if candidate.person_id == chosen]
    active = [candidate for candidate in candidates if candidate.active]
    narrowed = picked or active or list(candidates)
    return narrowed[0] if len(narrowed) == 1 else None


def _placed(line: Line, person: Candidate, holders: Collection[int], first: dict[int, int]) -> ResolvedLine:
    """The line of a person who is known; remembers where each person was named first."""
    before = first.setdefault(person.person_id, line.number)
    if before != line.number:
        return ResolvedLine(line, State.REPEATED, person.person_id, (person,), repeated_of=before)
    held = State.ALREADY_HAS_ACCESS if person.person_id in holders else State.FOUND
    return ResolvedLine(line, held if person.active else State.INACTIVE, person.person_id, (person,))


def _order(candidate: Candidate) -> tuple[bool, str, str, int]:
    return (not candidate.active, candidate.name, candidate.hint, candidate.person_id)
