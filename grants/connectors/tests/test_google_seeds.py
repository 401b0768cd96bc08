"""Seeded faults over a whole grant and its end, each step by a process that remembers nothing."""

from collections.abc import Sequence

import pytest

from grants.connectors.base import Change, Holding, Place
from grants.connectors.errors import ConnectorError
from grants.connectors.tests.contract import ALICE, BOB, CHARLIE, about, holding, places
from grants.connectors.tests.google_case import Google, case_of, google
from portal.sandbox.faults import seeded

pytestmark = pytest.mark.enable_loopback
SEEDS = range(6)
ROUNDS = 40


def one_step(there: Google, place: Place, holdings: Sequence[Holding]) -> bool:
    """What delivery does for one line, in a fresh process; whether the line is settled."""
    case = case_of(there)
    entry = case.layout.entry(place, about(place, holdings))
    try:
        if entry is None:
            return case.connector.remove(Change("remove", case.layout.empty(place))).proven
        return case.connector.apply(Change("apply", entry)).proven
    except ConnectorError:
        return False


def settle_all(there: Google, every: list[Place], holdings: Sequence[Holding]) -> None:
    """Work the lines round by round until all are settled."""
    open_lines = list(every)
    for _ in range(ROUNDS):
        open_lines = [place for place in open_lines if not one_step(there, place, holdings)]
        if not open_lines:
            return
        there.settle()
    raise AssertionError(f"{open_lines} did not settle")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_grant_and_its_end_survive_seeded_faults_and_restarts(seed: int) -> None:
    with google() as there:
        case = case_of(there)
        first = holding(case, holders=(ALICE, BOB), images=case.images)
        second = holding(case, grant=2, holders=(BOB, CHARLIE), images=case.images[1:])
        every, before = places(case, [first, second]), there.foreign()
        for live in ([first], [first, second], [second], []):
            there.app.schedule.faults.extend(seeded(seed, count=8).faults)
            settle_all(there, every, live)
            # A fault that spoiled the look itself (an old answer) is over by the next one, as for a drift scan.
            there.app.schedule.faults.clear()
            wanted = {place: case.layout.entry(place, about(place, live)) for place in every}
            assert [place for place, entry in wanted.items() if entry and not there.truth(entry)] == []
            gone = [
                case.layout.entry(p, about(p, [first, second])) for p, entry in wanted.items() if not entry
            ]
            assert [one for one in gone if one and there.truth(one)] == []
        assert there.foreign() == before
