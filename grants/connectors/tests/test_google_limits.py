"""Google's limits on a policy: a way around 250 groups, a clear refusal before 1,500 members, and counted calls."""

from dataclasses import replace

import pytest

from grants.connectors.base import Change, Holder, Holding, Place, Scope
from grants.connectors.errors import Permanent
from grants.connectors.tests.contract import Case, converge_all, holding, places
from grants.connectors.tests.google_case import (
    FRAUD,
    IMAGES,
    OPTIONS,
    Directory,
    Google,
    case_of,
    google,
)
from portal.sandbox.google.state import Delays

pytestmark = pytest.mark.enable_loopback
READER = "roles/artifactregistry.reader"
IMAGE = Place("image", IMAGES[0])


def crowded(there: Google, *members: str) -> None:
    there.state.write_policy(FRAUD, [{"role": READER, "members": list(members)}])


def test_from_two_hundred_groups_on_a_pool_takes_the_bundle() -> None:
    with google() as there:
        crowded(there, *(f"group:g{n}@else.com" for n in range(200)))
        case, given = case_of(there), holding(case_of(there))
        entries = converge_all(case, [given])
        assert all(case.truth(entry) for entry in entries)
        members = there.policy_of(FRAUD)[0]["members"]
        assert [m for m in members if "purser-" in m] == [m for m in members if "purser-pool-reader-" in m]
        found = case.connector.observe(Scope("target", tuple(entries)))
        assert {entry.identity for entry in found} == {entry.identity for entry in entries}
        converge_all(case, [], at=list(reversed(places(case, [given]))))
        assert not any(case.truth(entry) for entry in entries)
        assert len(there.others(FRAUD)[0]["members"]) == 200


def test_a_second_bundle_joins_the_same_pool() -> None:
    with google() as there:
        crowded(there, *(f"group:g{n}@else.com" for n in range(200)))
        case = case_of(there)
        both = [holding(case), holding(case, grant=2, project="vision")]
        converge_all(case, both)
        pools = [m for m in there.policy_of(FRAUD)[0]["members"] if "purser-pool-" in m]
        assert len(pools) == 1
        kept = converge_all(case, both[1:], at=places(case, both))
        assert all(case.truth(entry) for entry in kept)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([f"group:g{n}@else.com" for n in range(250)], "TOO_MANY_GROUPS"),
        ([f"user:u{n}@else.com" for n in range(1500)], "TOO_MANY_PRINCIPALS"),
    ],
)
def test_a_full_policy_is_refused_with_its_figures(members: list[str], code: str) -> None:
    with google() as there:
        crowded(there, *members)
        case = case_of(there)
        entry = case.layout.entry(IMAGE, [holding(case)])
        assert entry is not None
        with pytest.raises(Permanent) as caught:
            case.connector.apply(Change("apply", entry))
        assert caught.value.code == code
        assert "fraud" in caught.value.message
        assert there.policy_of(FRAUD)[0]["members"] == members


@pytest.mark.parametrize(("people", "images"), [(8, 5), (500, 50)], ids=["8x5", "500x50"])
def test_calls_are_counted_and_linear(people: int, images: int) -> None:
    directory = Directory({f"person:{n}": [f"p{n}@example.com"] for n in range(people)})
    with google(replace(OPTIONS, pull_probe=""), directory, delays=Delays(0, 0, 0, 0)) as there:
        case = case_of(there)
        names = tuple(f"models/fraud/i{n}" for n in range(images))
        holders = tuple(Holder(f"person:{n}", f"p{n}@example.com") for n in range(people))
        given = [holding(case, images=names, holders=holders)]
        granted, again, ended = (count(there, case, wanted, given) for wanted in (given, given, []))
    assert granted == 5 * people + 2 * images + 15
    assert again == 3 * people + 2 * images + 6
    assert ended == 3 * people + 2 * images + 13


def count(there: Google, case: Case, wanted: list[Holding], every: list[Holding]) -> int:
    """Calls of all kinds until everything is as wanted."""
    there.app.schedule.calls.clear()
    converge_all(case, wanted, at=places(case, every))
    return len(there.app.schedule.calls)
