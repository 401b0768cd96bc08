"""The pull log and its gaps: who sees which."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import make_scene
from audit.pulls.models import Pull
from grants.directory.testing import make_project, make_team
from grants.lifecycle.testing import make_grant
from grants.tokens import selectors
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


ACCESS = [{"repository": "fraud/base", "actions": ["pull"], "grant": 1}]


def token(number, principal, access=ACCESS):
    now = timezone.now()
    return IssuedToken.objects.create(
        jti=f"t{number}", at=now - timedelta(hours=1), outcome="issued", login="x", principal=principal,
        access=access, expires=now,
    )  # fmt: skip


def shown(person, query=""):
    return [row.pk for row in as_person(person).get(f"/pulls/{query}").context["page"].rows]


def test_member_sees_own_lead_the_teams_and_auditor_all(scene, grant):
    own = pull(grant, person=scene.people.bob.label)
    mate = pull(grant, person="person:0")
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
    token(2, "person:0")

    def gaps(person):
        return [gap.token for gap, _who in as_person(person).get("/pulls/?tab=gaps").context["gaps"]]

    assert sorted(gaps(scene.people.ada)) == ["t1", "t2"]
    assert gaps(scene.people.alice) == gaps(scene.people.bob) == ["t1"]
    assert gaps(scene.people.charlie) == []


def test_leads_see_gaps_of_workloads_that_their_projects_access_let_in(scene, grant):
    theirs = make_grant(project=make_project("credit-v1", team=make_team("credit")))
    for number, one in enumerate((grant, theirs)):
        access = [{"repository": "fraud/base", "actions": ["pull"], "grant": one.pk}]
        # The namespace may be the same: it was theirs before it was ours.
        token(number, "workload:main/fraud/trainer", access=access)

    def gaps(person):
        return [gap.token for gap, _who in as_person(person).get("/pulls/?tab=gaps").context["gaps"]]

    assert (gaps(scene.people.alice), gaps(scene.people.bob)) == (["t0"], [])
    assert sorted(gaps(scene.people.ada)) == ["t0", "t1"]


def test_pulls_of_a_workload_are_found_by_its_name(scene, grant):
    name = "workload:main/fraud/trainer"
    row = pull(grant, person=name)
    pull(grant, person=f"{name}2")
    assert shown(scene.people.ada, f"?q={name}") == [row.pk]


def test_a_pull_names_person_and_grant_and_says_the_host_without_its_port(scene, grant):
    pull(grant, person=scene.people.bob.label, address="10.0.0.9:4711")
    text = as_person(scene.people.alice).get("/pulls/").text
    assert f'title="grant:{grant.pk}">Access for {scene.project.name}</a>' in text
    assert f'href="/people/{scene.people.bob.pk}/" title="{scene.people.bob.label}">Bob</a>' in text
    assert "10.0.0.9<" in text


@pytest.mark.parametrize(
    ("address", "host"),
    [("10.0.0.9:4711", "10.0.0.9"), ("[fd00::7]:4711", "fd00::7"), ("fd00::7", "fd00::7"), ("", "")],
)
def test_the_port_of_a_client_says_nothing(address, host):
    assert Pull(address=address).host == host


def test_gaps_say_when_there_may_be_more(scene, monkeypatch):
    monkeypatch.setattr(selectors, "MOST_TOKENS", 2)
    for number in range(2):
        token(number, scene.people.bob.label)
    browser = as_person(scene.people.ada)
    assert "<p>2 gaps</p>" in browser.get("/pulls/?tab=gaps").text
    token(3, scene.people.bob.label)
    assert "At least 2 gaps, among the newest" in browser.get("/pulls/?tab=gaps").text
    assert not selectors.gaps(since=timezone.now() - timedelta(days=1), now=timezone.now()).complete


def test_a_token_that_lists_the_catalogue_is_no_gap(scene):
    token(1, scene.people.root.label, access=selectors.ONLY_LISTING)
    token(2, scene.people.root.label, access=[*selectors.ONLY_LISTING, *ACCESS])
    gaps = as_person(scene.people.ada).get("/pulls/?tab=gaps").context["gaps"]
    assert [(gap.token, gap.repositories, who.text) for gap, who in gaps] == [
        ("t2", ("fraud/base",), scene.people.root.name)
    ]


def test_statements_of_gaps_do_not_grow_with_people(scene):
    token(1, scene.people.bob.label)
    people = [scene.people.alice, scene.people.mia, scene.people.root]
    assert_constant(
        as_person(scene.people.ada),
        "/pulls/?tab=gaps",
        lambda: [token(number, person.label) for number, person in enumerate(people, 2)],
    )


def test_statements_do_not_grow_with_rows(scene, grant):
    pull(grant)
    assert_constant(as_person(scene.people.alice), "/pulls/", lambda: [pull(grant) for _ in range(3)])
