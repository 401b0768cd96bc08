"""What every connector of a target that keeps entries must do, asked of each against its stand-in.

A connector's test module derives a class from `LayoutContract` and gives it a fixture `case`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grants.connectors.base import (
    Change,
    Connector,
    Entry,
    Finds,
    Holder,
    Holding,
    Layout,
    Place,
    Scope,
    same_facts,
)
from grants.connectors.errors import ConnectorError, Transient
from portal.sandbox.faults import Fault, FaultKind, Schedule

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TARGET = "target"
ALICE, BOB, CHARLIE = (
    Holder("person:1", "alice@example.com"),
    Holder("person:2", "bob@example.com"),
    Holder("person:3", "charlie@example.com"),
)
ATTEMPTS = 12  # more than any connector needs to get through one fault


@dataclass
class Case:
    """One connector beside its stand-in.

    `images`: three repositories (or references) that exist there. `truth(entry)`: whether the outside system really
    gives what the entry says, read from its state and not through the connector. `undo(entry)`: take the entry away
    behind the connector's back. `foreign()`: a picture of everything there that is not ours, to compare. `settle()`:
    let pass what the target needs until a change is in force.
    """

    connector: Connector
    layout: Layout
    schedule: Schedule
    images: Sequence[str]
    truth: Callable[[Entry], bool]
    undo: Callable[[Entry], None]
    foreign: Callable[[], Any]
    settle: Callable[[], None] = lambda: None


def holding(case: Case, **fields: Any) -> Holding:
    """A live grant of two people for two images."""
    given = Holding(
        grant=1, project="anti-fraud-v2", team="anti-fraud", role="viewer", holders=(ALICE, BOB),
        images=tuple(case.images[:2]), ends=NOW + timedelta(days=90), namespace="anti-fraud-v2", gpus=4,
    )  # fmt: skip
    return replace(given, **fields)


def about(place: Place, holdings: Sequence[Holding]) -> list[Holding]:
    """The holdings a layout is asked with, as delivery finds them."""
    if place.kind == "member":
        mine = [(h, tuple(one for one in h.holders if one.subject == place.key)) for h in holdings]
        return [replace(h, holders=holders) for h, holders in mine if holders]
    if place.kind == "image":
        return [replace(h, holders=()) for h in holdings if place.key in h.images]
    return list(holdings)


def places(case: Case, holdings: Sequence[Holding]) -> list[Place]:
    """Every place of these grants, in the order of their first showing."""
    return list(dict.fromkeys(place for h in holdings for place in case.layout.places(h)))


def converge(case: Case, place: Place, holdings: Sequence[Holding]) -> Entry | None:
    """Bring one place to what the holdings want, trying again after each error as delivery would."""
    wanted = case.layout.entry(place, about(place, holdings))
    for _ in range(ATTEMPTS):
        try:
            if wanted is None:
                outcome = case.connector.remove(Change("remove", case.layout.empty(place)))
            else:
                outcome = case.connector.apply(Change("apply", wanted))
        except ConnectorError:
            case.settle()
            continue
        if outcome.proven:
            return wanted
        case.settle()
    raise AssertionError(f"{place} did not converge")


def converge_all(
    case: Case, holdings: Sequence[Holding], *, at: Sequence[Place] | None = None
) -> list[Entry]:
    """Bring all places there; the entries in force afterwards."""
    every = places(case, holdings) if at is None else at
    return [entry for place in every if (entry := converge(case, place, holdings)) is not None]


class LayoutContract:
    """Derive, and give a fixture `case`."""

    def test_calls_grow_with_people_plus_images(self, case: Case) -> None:
        small = len(case.layout.places(holding(case)))
        crowd = tuple(Holder(f"person:{n}", f"p{n}@example.com") for n in range(1, 201))
        assert len(case.layout.places(holding(case, holders=crowd))) <= small + 198

    def test_apply_makes_every_entry_true(self, case: Case) -> None:
        entries = converge_all(case, [holding(case)])
        assert entries
        assert all(case.truth(entry) for entry in entries)

    def test_apply_twice_changes_nothing(self, case: Case) -> None:
        for entry in converge_all(case, [holding(case)]):
            assert case.connector.apply(Change("apply", entry)).changed is False

    def test_observe_says_what_is_there(self, case: Case) -> None:
        entries = converge_all(case, [holding(case)])
        found = {entry.identity: entry for entry in case.connector.observe(Scope(TARGET, tuple(entries)))}
        assert all(same_facts(found[entry.identity], entry) for entry in entries)

    def test_observe_without_entries_lists_all_of_ours(self, case: Case) -> None:
        entries = converge_all(case, [holding(case)])
        listed = {entry.identity: entry for entry in case.connector.observe(Scope(TARGET))}
        assert listed.keys() == {entry.identity for entry in entries}
        assert all(same_facts(listed[entry.identity], entry) for entry in entries)

    def test_what_was_taken_away_behind_our_back_is_seen_and_mended(self, case: Case) -> None:
        for entry in converge_all(case, [holding(case)]):
            case.undo(entry)
            seen = case.connector.observe(Scope(TARGET, (entry,)))
            assert not any(same_facts(one, entry) for one in seen)
            converge(case, Place(entry.kind, entry.key), [holding(case)])
            assert case.truth(entry)

    def test_remove_takes_every_entry_away_and_proves_it(self, case: Case) -> None:
        entries = converge_all(case, [holding(case)])
        for entry in reversed(entries):
            converge(case, Place(entry.kind, entry.key), [])
        assert not any(case.truth(entry) for entry in entries)

    def test_remove_twice_is_no_error(self, case: Case) -> None:
        every = places(case, [holding(case)])
        converge_all(case, [holding(case)])
        for _ in range(2):
            for place in reversed(every):
                converge(case, place, [])

    def test_access_ends_with_the_last_of_two_grants(self, case: Case) -> None:
        first = holding(case)
        second = holding(case, grant=2, holders=(BOB, CHARLIE), images=tuple(case.images[1:3]))
        every = places(case, [first, second])
        converge_all(case, [first, second], at=every)
        kept = converge_all(case, [second], at=every)
        assert all(case.truth(entry) for entry in kept)
        converge_all(case, [], at=list(reversed(every)))
        assert not any(case.truth(entry) for entry in kept)

    def test_foreign_entries_stay_untouched(self, case: Case) -> None:
        before = case.foreign()
        every = places(case, [holding(case)])
        converge_all(case, [holding(case)])
        assert case.foreign() == before
        converge_all(case, [], at=list(reversed(every)))
        assert case.foreign() == before

    def test_foreign_entries_are_never_listed_as_ours(self, case: Case) -> None:
        assert list(case.connector.observe(Scope(TARGET))) == []
        if isinstance(case.connector, Finds):
            assert all(entry.first("seen_owner") for entry in case.connector.foreign(Scope(TARGET)))

    @pytest.mark.parametrize("kind", list(FaultKind))
    def test_grant_and_end_get_through_a_fault_anywhere(self, case: Case, kind: FaultKind) -> None:
        every = places(case, [holding(case)])
        for step in (list, reversed):
            wanted = [holding(case)] if step is list else []
            for place in step(every):
                case.schedule.faults.append(Fault(kind, seconds=0.01))
                converge(case, place, wanted)
                entry = case.layout.entry(place, about(place, [holding(case)]))
                assert entry is not None
                assert case.truth(entry) is bool(wanted)
                case.schedule.faults.clear()

    def test_a_throttled_call_says_how_long_to_wait(self, case: Case) -> None:
        entry = case.layout.entry(place := places(case, [holding(case)])[0], about(place, [holding(case)]))
        assert entry is not None
        case.schedule.faults.append(Fault(FaultKind.THROTTLED, times=50, seconds=7))
        with pytest.raises(Transient) as caught:
            case.connector.apply(Change("apply", entry))
        assert caught.value.retry_after == 7.0
        case.schedule.faults.clear()
