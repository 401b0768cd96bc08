"""What is to be done at a target, step by step, and how that is written down. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grants.connectors.base import Entry, same_facts
from grants.delivery.drift_plan import Spot

Fact = tuple[str, str]


class Do(StrEnum):
    """What happens at a place."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    FOREIGN = "foreign"


class Note(StrEnum):
    """What else is known of a step."""

    NONE = ""
    QUEUED = "queued"
    ACCEPTED = "accepted"
    HELD = "held"
    FOUGHT = "fought"


SIGNS = {Do.ADD: "+", Do.CHANGE: "~", Do.REMOVE: "-", Do.FOREIGN: "?"}
NOTES = {
    Note.QUEUED: "delivery is on it",
    Note.ACCEPTED: "a person accepted it as it is",
    Note.HELD: "held back: too many removals at once",
    Note.FOUGHT: "stopped: somebody keeps undoing it",
}


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One place: the facts that come and those that go. Of what is foreign only what is there, as `goes`."""

    do: Do
    kind: str
    key: str
    comes: tuple[Fact, ...] = ()
    goes: tuple[Fact, ...] = ()
    note: Note = Note.NONE

    @property
    def is_change(self) -> bool:
        """Whether Purser would do it."""
        return self.do != Do.FOREIGN and self.note != Note.ACCEPTED


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """All steps at a target, by kind and key. `error`: why the target could not be asked; then there are none."""

    target: str
    kind: str
    steps: tuple[PlanStep, ...] = ()
    error: str = ""

    def count(self, do: Do) -> int:
        """How many steps of this sort; accepted differences are left alone and do not count."""
        return sum(step.do == do and (step.is_change or do == Do.FOREIGN) for step in self.steps)

    @property
    def changes(self) -> bool:
        """Whether Purser would do anything."""
        return any(step.is_change for step in self.steps)


def step_of(spot: Spot, wanted: Entry | None, seen: Entry | None, note: Note) -> PlanStep | None:
    """What is to be done where this is wanted and that is there; None for nothing."""
    if wanted is None or seen is None:
        do = Do.REMOVE if wanted is None else Do.ADD
        return None if wanted is seen else PlanStep(do, *spot, *_both(wanted, seen), note)
    return None if same_facts(wanted, seen) else PlanStep(Do.CHANGE, *spot, *_both(wanted, seen), note)


def foreign_step(spot: Spot, entry: Entry) -> PlanStep:
    """Something that is not Purser's: left alone."""
    return PlanStep(Do.FOREIGN, *spot, goes=tuple(sorted(entry.attributes)))


def _both(wanted: Entry | None, seen: Entry | None) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    come, go = wanted.facts if wanted else frozenset(), seen.facts if seen else frozenset()
    return tuple(sorted(come - go)), tuple(sorted(go - come))


def as_text(plan: TargetPlan) -> str:
    """The plan for people, the same for the same steps: + comes, ~ is changed, - goes, ? is not Purser's."""
    name = f"{plan.target} ({plan.kind})"
    if plan.error:
        return f"{name}: could not be asked: {plan.error}\n"
    counts = (
        f"{plan.count(Do.ADD)} to add, {plan.count(Do.CHANGE)} to change, {plan.count(Do.REMOVE)} to remove"
    )
    foreign = plan.count(Do.FOREIGN)
    said = counts if plan.changes else "nothing to do"
    said += f", {foreign} not Purser's" if foreign else ""
    return "\n".join([f"{name}: {said}", *_lines(plan.steps)]) + "\n"


def _lines(steps: Sequence[PlanStep]) -> Iterator[str]:
    for step in steps:
        note = f"  ({NOTES[step.note]})" if step.note else ""
        yield f"  {SIGNS[step.do]} {step.kind} {_plain(step.key)}{note}"
        going = " " if step.do == Do.FOREIGN else "-"
        yield from (f"      {going} {name} = {_quoted(value)}" for name, value in step.goes)
        yield from (f"      + {name} = {_quoted(value)}" for name, value in step.comes)


def as_document(plan: TargetPlan) -> dict[str, Any]:
    """The plan for programs."""
    counts = {str(do): plan.count(do) for do in Do}
    steps = [
        {"do": str(step.do), "kind": step.kind, "key": step.key, "note": str(step.note)}
        | {"comes": [list(fact) for fact in step.comes], "goes": [list(fact) for fact in step.goes]}
        for step in plan.steps
    ]
    return {"target": plan.target, "kind": plan.kind, "error": plan.error, "counts": counts, "steps": steps}


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _plain(text: str) -> str:
    return text if text.isprintable() else _quoted(text)
