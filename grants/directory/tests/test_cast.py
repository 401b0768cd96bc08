"""The named cast stands for what its docstring says."""

import pytest

from grants.directory.standing import standing_of
from grants.directory.testing import cast

pytestmark = pytest.mark.django_db


def test_cast_stands_for_named_roles() -> None:
    people = cast()

    alice, bob = standing_of(people.alice), standing_of(people.bob)
    assert alice.led_team_ids == bob.team_ids == {people.team.pk}
    assert bob.led_team_ids == standing_of(people.charlie).team_ids == frozenset()
    assert standing_of(people.mia).lanes == {"mlops"}
    assert standing_of(people.sam).lanes == {"security"}
    assert standing_of(people.ada).roles == {"auditor"}
    assert standing_of(people.root).is_administrator


def test_standing_of_disabled_person_is_empty() -> None:
    people = cast()
    people.root.active = False

    assert standing_of(people.root).roles == frozenset()
