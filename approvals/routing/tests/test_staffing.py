"""A person of its own for each lane: found wherever one exists."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from approvals.routing.services import lanes_for
from approvals.routing.staffing import staffed


def test_lanes_are_mlops_always_and_security_for_a_restricted_image():
    assert lanes_for([]) == ("mlops",)
    assert lanes_for([False, False]) == ("mlops",)
    assert lanes_for([False, True]) == ("mlops", "security")


def test_one_person_in_both_lanes_leaves_the_second_without_anybody():
    assert staffed({"mlops": {1}, "security": {1}}) == {"mlops": 1}


def test_the_one_who_can_sit_elsewhere_makes_room():
    assert staffed({"mlops": {1, 2}, "security": {1}}) == {"mlops": 2, "security": 1}


def test_an_empty_lane_stays_empty():
    assert staffed({"mlops": set(), "security": {4}}) == {"security": 4}


@given(st.lists(st.frozensets(st.integers(0, 4)), max_size=4))
def test_every_lane_is_staffed_exactly_when_distinct_people_exist(pools):
    found = staffed({str(n): people for n, people in enumerate(pools)})
    assert len(set(found.values())) == len(found)
    assert all(person in pools[int(lane)] for lane, person in found.items())
    possible = any(
        all(person in pool for person, pool in zip(choice, pools, strict=True))
        for choice in permutations(range(5), len(pools))
    )
    assert (len(found) == len(pools)) is possible
