"""What a check answers and what an evaluation holds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Outcome(StrEnum):
    """What one check found."""

    PASSED = "passed"
    WARNING = "warning"
    NEEDS_PERSON = "needs_person"
    BLOCKED = "blocked"
    COULD_NOT_CHECK = "could_not_check"


class Rule(StrEnum):
    """The rules of the first set, in the order people read them."""

    DURATION = "duration"
    PEOPLE = "people"
    IMAGES = "images"
    SCAN = "scan"
    RESTRICTED = "restricted"
    DUPLICATE = "duplicate"
    APPROVERS = "approvers"
    SEPARATION = "separation"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Who:
    """A person named in a fact or an answer: the directory's id and the name people know."""

    person_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Result:
    """One answer of one rule.

    `rule` and `result` hold values of `Rule` and `Outcome`; `code` names the sentence in `texts.py`,
    `params` fill it (plain JSON values only); `who` are the people who are needed or concerned.
    """

    rule: str
    result: Outcome
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    who: tuple[Who, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values, for storing with a request."""
        who = [{"person_id": person.person_id, "name": person.name} for person in self.who]
        return {
            "rule": self.rule,
            "result": self.result.value,
            "code": self.code,
            "params": dict(self.params),
            "who": who,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The result that `to_json` wrote. Raises KeyError or ValueError on anything else."""
        who = tuple(Who(person["person_id"], person["name"]) for person in data["who"])
        return cls(data["rule"], Outcome(data["result"]), data["code"], dict(data["params"]), who)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All results, in the order of the rules, and what follows from them.

    `version` names the rules and settings that gave them. `sendable` says whether the request may be sent
    (from `evaluate`) or approved (from `recheck`).
    """

    results: tuple[Result, ...]
    version: str
    sendable: bool

    def of(self, outcome: Outcome) -> tuple[Result, ...]:
        """The results with this outcome, e.g. everything that is blocked, for the error summary."""
        return tuple(result for result in self.results if result.result is outcome)
