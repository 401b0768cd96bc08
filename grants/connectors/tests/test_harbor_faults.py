"""Grants come, change and end at a Harbor that fails by a seed: what was said to be proven is true, always."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from grants.connectors.base import Change
from grants.connectors.errors import ConnectorError
from grants.connectors.harbor_layout import WEAKEST_FIRST
from grants.connectors.tests.contract import (
    ALICE,
    BOB,
    CHARLIE,
    Case,
    about,
    converge,
    holding,
    places,
)
from grants.connectors.tests.harbor_world import GROUPS, world
from portal.sandbox.faults import seeded
from portal.sandbox.harbor.seeding import IMAGES

pytestmark = pytest.mark.enable_loopback
SEEDS = int(os.environ.get("PURSER_HARBOR_SEEDS", "6"))
FOUND = (10, 20)
"""A group was forgotten before it was gone, and one was made before it was known as ours."""


@contextmanager
def harbor(groups: str) -> Iterator[tuple[Case, object]]:
    with world(groups=groups, timeout=0.15) as made:
        settle = lambda: made.wait(32 * 60)  # noqa: E731
        yield (
            Case(
                made.connector,
                made.layout,
                made.harbor.schedule,
                IMAGES,
                made.truth,
                made.undo,
                made.foreign,
                settle,
            ),
            made,
        )


def story(case, chance):
    """Grants of the moment, step by step, ending with none."""
    first = holding(case, images=tuple(IMAGES[:2]))
    second = replace(first, grant=2, holders=(BOB, CHARLIE), images=tuple(IMAGES[1:4]), project="credit")
    longer = replace(first, ends=first.ends + timedelta(days=30), role=chance.choice(("viewer", "developer")))
    middle = [
        [first, second],
        [longer, second],
        [second],
        [first],
        [longer],
        [replace(first, holders=(ALICE,))],
    ]
    return [[first], *chance.sample(middle, 3), []]


def expected(entries):
    """The groups all image entries together want, each with its strongest role."""
    found = {}
    for entry in entries:
        for group, _, role in (pair.rpartition(":") for pair in (entry.values("group") if entry else ())):
            key = (entry.first("project"), group)
            found[key] = max(found.get(key, 5), int(role), key=WEAKEST_FIRST.index)
    return found


def attempt(case, place, holdings):
    """One call, as delivery makes it; what it said must be true."""
    wanted = case.layout.entry(place, about(place, holdings))
    try:
        if wanted is None:
            outcome = case.connector.remove(Change("remove", case.layout.empty(place)))
        else:
            outcome = case.connector.apply(Change("apply", wanted))
    except ConnectorError:
        case.settle()
        return None
    if outcome.proven and wanted is not None:
        assert case.truth(wanted), f"said to be proven and is not: {wanted}"
    return outcome


@pytest.mark.parametrize("seed", sorted({*range(SEEDS), *FOUND}))
def test_what_is_proven_is_true_and_strangers_are_untouched(seed):
    chance = random.Random(seed)  # noqa: S311 - a story that can be told again
    with harbor(chance.choice(("", GROUPS, "ml-{project}"))) as (case, made):
        strangers = case.foreign()
        steps = story(case, chance)
        every = list(dict.fromkeys(place for holdings in steps for place in places(case, holdings)))
        for holdings in steps:
            case.schedule.faults[:] = seeded(chance.randrange(10**6), count=chance.randrange(1, 9)).faults
            for place in every:
                attempt(case, place, holdings)
            case.schedule.faults.clear()
            for place in every:
                converge(case, place, holdings)
            wanted = [case.layout.entry(place, about(place, holdings)) for place in every]
            assert all(case.truth(entry) for entry in wanted if entry is not None)
            assert made.groups() == expected(wanted)
            assert case.foreign() == strangers
        left = [
            row["name"]
            for row in made.harbor.state.robots.values()
            if row["description"].startswith("purser:")
        ]
        assert left == []
        assert [row["name"] for row in made.harbor.state.policies.values()] == ["chat"]
