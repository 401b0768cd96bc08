import pytest
from django.utils import timezone

from grants.catalogue.testing import make_image
from grants.directory.models import Person
from grants.directory.standing import standing_of
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.permissions import refusal
from grants.lifecycle.selectors import grants_of, grants_visible_to, live_grants_for, overlapping, with_bundle
from grants.lifecycle.testing import make_grant


@pytest.fixture
def two(people, image):
    """A grant of the team's project, and one of another team with dora in it."""
    other = make_project("risk-v1", team=make_team("risk"))
    dora = make_person("dora")
    return (
        make_grant(project=people.project, members=[people.bob], images=[image], origin="request:1"),
        make_grant(project=other, members=[dora], images=[image], origin="request:2"),
        dora,
    )


@pytest.mark.parametrize(
    ("name", "seen"),
    [("alice", 1), ("bob", 1), ("charlie", 0), ("mia", 2), ("sam", 2), ("ada", 2), ("root", 2)],
)
def test_visibility_by_person(people, two, name, seen):
    assert grants_visible_to(standing_of(getattr(people, name))).count() == seen


def test_visibility_of_nobody_the_disabled_and_a_member_without_team(people, two):
    _, other, dora = two
    assert grants_visible_to(None).count() == 0
    assert list(grants_visible_to(standing_of(dora))) == [other]
    Person.objects.update(active=False, disabled_at=timezone.now())
    dora.refresh_from_db()
    assert grants_visible_to(standing_of(dora)).count() == 0


@pytest.mark.parametrize("number", [1, 3])
def test_bundle_costs_three_queries_however_many(people, number, django_assert_num_queries):
    for n in range(number):
        make_grant(members=[people.bob, people.alice], images=[make_image(f"fraud/{n}")])
    root = standing_of(people.root)
    with django_assert_num_queries(3):
        for grant in with_bundle(grants_visible_to(root)):
            assert grant.project.team.key == "anti-fraud"
            assert [m.person.name for m in grant.members.all()] == ["Alice", "Bob"]
            assert {line.image.registry.host for line in grant.images.all()} == {"main.registry.test"}


def test_live_grants_for_a_person(people, image, now, day):
    grant = make_grant(members=[people.bob], images=[image])
    make_grant(members=[people.bob], images=[image], status="ended")
    make_grant(members=[people.bob], images=[image], status="scheduled")
    assert list(live_grants_for(people.bob)) == [grant]
    assert list(live_grants_for(people.bob, grant.ends)) == []
    assert list(live_grants_for(people.charlie)) == []


def test_grants_of_a_request(two):
    assert list(grants_of("request:1")) == [two[0]]


def test_overlapping_counts_live_and_scheduled(people, image, day):
    live = make_grant(members=[people.bob, people.alice], images=[image])
    later = make_grant(members=[people.bob], images=[image], status="scheduled")
    make_grant(members=[people.bob], images=[image], status="ended")
    found = overlapping(person_ids=[people.bob.pk, people.charlie.pk], image_ids=[image.pk])
    assert [(o.person_id, o.grant_id, o.ends) for o in found] == [
        (people.bob.pk, live.pk, live.ends),
        (people.bob.pk, later.pk, later.ends),
    ]


@pytest.mark.parametrize(
    ("name", "can"),
    [
        ("alice", (False, True, False)),
        ("bob", (False, False, False)),
        ("charlie", (False, False, False)),
        ("mia", (True, False, False)),
        ("sam", (True, False, True)),
        ("ada", (False, False, False)),
        ("root", (True, True, True)),
    ],
)
def test_who_may_extend_return_revoke(people, two, name, can):
    grant, viewer = two[0], standing_of(getattr(people, name))
    refusals = [refusal(move, grant=grant, viewer=viewer) for move in ("extend", "give_back", "revoke")]
    assert tuple(each is None for each in refusals) == can


def test_refusal_of_an_ended_grant_says_so(people, image):
    grant = make_grant(members=[people.bob], images=[image], status="ended")
    assert refusal("revoke", grant=grant, viewer=standing_of(people.root)).code == "over"
    assert refusal("revoke", grant=grant, viewer=None).code == "not_allowed"
