"""The pull log and its gaps: who sees which."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import make_scene
from grants.lifecycle.testing import make_grant
from grants.tokens.models import IssuedToken
from portal.pages.testing import as_person, assert_constant
from portal.pages.testing import make_pull as pull

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def grant(scene):
    return make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])


def token(number, principal):
    now = timezone.now()
    access = [{"repository": "fraud/base", "actions": ["pull"], "grant": 1}]
    return IssuedToken.objects.create(
        jti=f"t{number}", at=now - timedelta(hours=1), outcome="issued", login="x", principal=principal,
        access=access, expires=now,
    )  # fmt: skip


def shown(person, query=""):
    return [row.pk for row in as_person(person).get(f"/pulls/{query}").context["page"].rows]


def test_member_sees_own_lead_the_teams_and_auditor_all(scene, grant):
    own = pull(grant, person=scene.people.bob.label)
    mate = pull(grant, person="person:999")
    assert shown(scene.people.bob) == [own.pk]
    assert shown(scene.people.alice) == [mate.pk, own.pk]
    assert shown(scene.people.ada) == [mate.pk, own.pk]
    assert shown(scene.people.charlie) == []


def test_only_counted_pulls_are_shown_unless_everything_is_asked_for(scene, grant):
    counted = pull(grant)
    head = pull(grant, counted=False, method="HEAD")
    assert shown(scene.people.ada) == [counted.pk]
    assert shown(scene.people.ada, "?what=all") == [head.pk, counted.pk]


def test_filters_by_grant_and_words(scene, grant):
    first = pull(grant)
    pull(make_grant(project=scene.project))
    assert shown(scene.people.ada, f"?grant={grant.pk}") == [first.pk]
    assert shown(scene.people.ada, "?q=nothing") == []


def test_gaps_are_tokens_nobody_reported_of_people_one_may_see(scene):
    token(1, scene.people.bob.label)
    token(2, "person:999")

    def gaps(person):
        return [gap.token for gap in as_person(person).get("/pulls/?tab=gaps").context["gaps"]]

    assert sorted(gaps(scene.people.ada)) == ["t1", "t2"]
    assert gaps(scene.people.alice) == gaps(scene.people.bob) == ["t1"]
    assert gaps(scene.people.charlie) == []


def test_statements_do_not_grow_with_rows(scene, grant):
    pull(grant)
    assert_constant(as_person(scene.people.alice), "/pulls/", lambda: [pull(grant) for _ in range(3)])
