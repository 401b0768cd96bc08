"""Finds a different person for each lane, or says which lanes nobody is left for. Pure."""

from collections.abc import Collection, Mapping


def staffed(pools: Mapping[str, Collection[int]]) -> dict[str, int]:
    """Lane -> person, all persons different, for as many lanes as possible (augmenting paths).

    Earlier lanes are served first: a lane is missing from the answer only where the lanes together have
    fewer people than they need.
    """
    taken: dict[int, str] = {}
    for lane in pools:
        _seat(lane, pools, taken, set())
    return {lane: person for person, lane in taken.items()}


def _seat(lane: str, pools: Mapping[str, Collection[int]], taken: dict[int, str], tried: set[int]) -> bool:
    """Seat the lane, moving those who can sit elsewhere."""
    for person in sorted(set(pools[lane]) - tried):
        tried.add(person)
        if person not in taken or _seat(taken[person], pools, taken, tried):
            taken[person] = lane
            return True
    return False
