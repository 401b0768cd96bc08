"""Whose costs each person may see."""

import pytest

from audit.costs.models import CostSettings
from audit.costs.types import CostScope
from grants.directory.models import Membership
from grants.directory.roles import TeamRole
from grants.directory.standing import standing_of
from grants.directory.testing import cast, make_person, make_team
from portal.edges.cost_scopes import cost_scope, named_scope, own_scope, team_scope

pytestmark = pytest.mark.django_db
TEAM = frozenset({"anti-fraud"})


@pytest.fixture
def people():
    return cast()


def test_auditors_administrators_and_budget_owners_see_everything(people):
    mona = make_person("mona", roles=["budget"])
    for person in (people.ada, people.root, mona):
        viewer = standing_of(person)
        assert cost_scope(viewer) == CostScope(everything=True, person=person.label, names=True)
        assert team_scope(viewer, "credit") == CostScope(teams=frozenset({"credit"}), names=True)


def test_a_lead_sees_the_team_with_names(people):
    viewer = standing_of(people.alice)
    assert cost_scope(viewer) == CostScope(teams=TEAM, person=people.alice.label, names=True)
    assert team_scope(viewer, "anti-fraud") == CostScope(teams=TEAM, names=True)
    assert named_scope(viewer) == CostScope(teams=TEAM, person=people.alice.label, names=True)


def test_a_member_sees_the_team_without_names_and_their_own_use(people):
    viewer = standing_of(people.bob)
    assert cost_scope(viewer) == CostScope(teams=TEAM, person=people.bob.label, names=False)
    assert team_scope(viewer, "anti-fraud") == CostScope(teams=TEAM, names=False)
    assert named_scope(viewer) == own_scope(viewer) == CostScope(person=people.bob.label, names=True)


def test_members_see_names_where_the_settings_say_so(people):
    CostSettings.objects.create(member_names=True)
    viewer = standing_of(people.bob)
    assert team_scope(viewer, "anti-fraud") == CostScope(teams=TEAM, names=True)
    assert named_scope(viewer) == CostScope(teams=TEAM, person=people.bob.label, names=True)


def test_a_lead_of_one_team_sees_no_names_of_the_other(people):
    other = make_team("credit")
    Membership.objects.create(team=other, person=people.alice, role=TeamRole.MEMBER)
    viewer = standing_of(people.alice)
    assert cost_scope(viewer).names is False
    assert named_scope(viewer).teams == TEAM
    assert team_scope(viewer, "credit") == CostScope(teams=frozenset({"credit"}), names=False)


@pytest.mark.parametrize("name", ["charlie", "mia", "sam"])
def test_others_see_only_their_own(people, name):
    person = getattr(people, name)
    viewer = standing_of(person)
    assert cost_scope(viewer) == CostScope(person=person.label, names=True)
    assert team_scope(viewer, "anti-fraud") is None
    assert team_scope(viewer, "no-such-team") is None
