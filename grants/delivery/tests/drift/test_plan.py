"""The pure parts: the comparison of wanted and seen, brakes, fights and their causes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.connectors.base import Entry
from grants.delivery.drift_brake import Cause, Turn, fought_over, likely_cause, too_little, too_many_removals
from grants.delivery.drift_plan import Ground, Line, compare, ground_of, merged, only_less
from grants.delivery.drift_states import Decision, DriftState, What, refusal_of

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SPOTS = [(kind, f"{kind}{n}") for kind in ("member", "image") for n in range(4)]
FACTS = st.lists(
    st.sampled_from([("image", "a"), ("image", "b"), ("gpus", "4"), ("seen_at", "x")]), max_size=3
)


@st.composite
def entries(draw):
    chosen = draw(st.sets(st.sampled_from(SPOTS)))
    return {spot: Entry("t", *spot, tuple(draw(FACTS))) for spot in chosen}


GROUNDS = st.dictionaries(st.sampled_from(SPOTS), st.sampled_from(list(Ground)))


@given(entries(), entries(), entries(), GROUNDS)
def test_every_spot_is_judged_once(wanted, seen, foreign, grounds):
    found = compare(wanted, seen, foreign, grounds)
    ours = [one.spot for one in found.differences if one.what != What.APPEARED]
    judged = [*ours, *found.in_step, *found.stale, *found.moving]
    assert sorted(judged) == sorted(wanted.keys() | seen.keys())
    assert {one.spot for one in found.differences if one.what == What.APPEARED} == set(foreign)


@given(entries(), entries(), GROUNDS)
def test_putting_right_leaves_no_difference(wanted, seen, grounds):
    found = compare(wanted, seen, {}, grounds)
    for one in found.differences:
        if one.wanted is None:
            del seen[one.spot]
        else:
            seen[one.spot] = one.wanted
    assert compare(wanted, seen, {}, grounds).differences == []


@given(entries(), entries(), GROUNDS)
def test_only_settled_places_differ(wanted, seen, grounds):
    settled = {What.LEFTOVER: Ground.FREE, What.VANISHED: Ground.FIRM, What.CHANGED: Ground.FIRM}
    for one in compare(wanted, seen, {}, grounds).differences:
        assert grounds.get(one.spot, Ground.FREE) == settled[one.what]
        assert (one.wanted, one.seen) == (wanted.get(one.spot), seen.get(one.spot))


@given(st.lists(st.tuples(st.sampled_from(SPOTS), FACTS)))
def test_entries_of_one_spot_are_merged_whatever_their_order(found):
    made = [Entry("t", *spot, tuple(facts)) for spot, facts in found]
    one, other = merged(made), merged(reversed(made))
    assert {spot: set(entry.attributes) for spot, entry in one.items()} == {
        spot: set(entry.attributes) for spot, entry in other.items()
    }


@pytest.mark.parametrize(
    ("lines", "facts", "ground"),
    [
        ([], "", Ground.FREE),
        ([], "f", Ground.MOVING),
        ([Line("proven")], "", Ground.FREE),
        ([Line("proven")], "f", Ground.MOVING),
        ([Line("proven", quiet=False)], "", Ground.MOVING),
        ([Line("verified", "f")], "f", Ground.FIRM),
        ([Line("verified", "f")], "g", Ground.STALE),
        ([Line("verified", "f")], "", Ground.MOVING),
        ([Line("verified", "old"), Line("verified", "f")], "f", Ground.FIRM),
        ([Line("verified", "f", quiet=False)], "f", Ground.MOVING),
        *[
            ([Line("verified", "f"), Line(s)], "f", Ground.MOVING)
            for s in ("wanted", "applied", "unwanted", "removed")
        ],
    ],
)
def test_ground_of_lines(lines, facts, ground):
    assert ground_of(lines, facts) == ground


def entry(*facts):
    return Entry("t", "member", "person:1", facts)


@pytest.mark.parametrize(
    ("wanted", "seen", "less"),
    [
        (entry(("image", "a"), ("image", "b")), entry(("image", "a")), True),
        (entry(("image", "a")), entry(("image", "a"), ("seen_at", "x")), True),
        (entry(("image", "a")), entry(("image", "b")), False),
        (entry(("gpus", "4"), ("image", "a")), entry(("image", "a")), False),
        (entry(("gpus", "4")), entry(("gpus", "8")), False),
        (entry(("image", "a")), None, True),
        (None, entry(), False),
    ],
)
def test_less_is_only_missing_access(wanted, seen, less):
    assert only_less(wanted, seen) is less


REFUSALS = {
    ("vanished", "revert"): "", ("vanished", "adopt"): "nothing_to_adopt", ("vanished", "ignore"): "",
    ("changed", "revert"): "", ("changed", "adopt"): "", ("changed", "ignore"): "",
    ("leftover", "revert"): "", ("leftover", "adopt"): "no_grant_gives_it", ("leftover", "ignore"): "no_grant_gives_it",
    ("appeared", "revert"): "not_ours", ("appeared", "adopt"): "", ("appeared", "ignore"): "",
}  # fmt: skip


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("state", DriftState)
def test_every_decision_in_every_state(what, decision, state):
    expected = "over" if state == DriftState.CLOSED else REFUSALS[what, decision]
    assert refusal_of(decision, what=what, state=state, less=True) == expected


@pytest.mark.parametrize("decision", ["adopt", "ignore"])
def test_more_than_granted_is_never_accepted(decision):
    assert refusal_of(decision, what="changed", state="open", less=False) == "more_than_granted"


@pytest.mark.parametrize(
    ("firm", "there", "little"), [(20, 0, False), (21, 10, True), (21, 11, False), (100, 49, True)]
)
def test_too_little(firm, there, little):
    assert too_little(firm=firm, there=there) is little


@pytest.mark.parametrize(
    ("removals", "there", "held"), [(5, 5, False), (6, 30, False), (6, 29, True), (100, 499, True)]
)
def test_too_many_removals(removals, there, held):
    assert too_many_removals(removals=removals, there=there) is held


@pytest.mark.parametrize(
    ("hours", "fought"), [((1, 2, 3), True), ((1, 2), False), ((1, 2, 25), False), ((), False)]
)
def test_fought_over_is_three_times_a_day(hours, fought):
    assert fought_over([NOW - timedelta(hours=h) for h in hours], now=NOW) is fought


@pytest.mark.parametrize(
    ("kind", "turn", "cause"),
    [
        ("google", Turn("image", "vanished"), Cause("terraform_policy")),
        ("google", Turn("member", "vanished"), Cause("terraform_group")),
        ("google", Turn("account", "vanished"), Cause("terraform_account")),
        ("kubernetes", Turn("tenant", "changed", "argocd"), Cause("field_manager", "argocd")),
        ("kubernetes", Turn("tenant", "vanished"), Cause("other_controller")),
        ("harbor", Turn("member", "changed"), Cause("harbor_automation")),
        ("keeping", Turn("member", "changed"), Cause("somebody")),
    ],
)
def test_likely_cause_by_kind_of_target(kind, turn, cause):
    assert likely_cause(kind, [turn]) == cause
