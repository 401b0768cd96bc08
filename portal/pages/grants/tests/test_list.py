"""The list of grants: whose, in which state, with which use."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request, make_scene
from grants.delivery.models import Delivery
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant
from portal.pages.testing import make_pull as pull

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def shown(answer):
    return [row.grant.pk for row in answer.context["rows"]]


def test_tabs_are_mine_team_and_all_by_who_looks(scene):
    mine = make_grant(project=scene.project, members=[scene.people.bob])
    team = make_grant(project=scene.project, members=[scene.people.alice])
    other = make_grant(project=make_project("other", team=make_team("vision")))
    assert shown(as_person(scene.people.bob).get("/grants/")) == [mine.pk]
    assert shown(as_person(scene.people.bob).get("/grants/?tab=team")) == [team.pk, mine.pk]
    assert shown(as_person(scene.people.alice).get("/grants/")) == [team.pk, mine.pk]
    assert shown(as_person(scene.people.ada).get("/grants/")) == [other.pk, team.pk, mine.pk]
    assert shown(as_person(scene.people.charlie).get("/grants/?tab=all")) == []


def test_states_narrow_the_list(scene):
    people, now = [scene.people.bob], timezone.now()
    fresh = make_grant(project=scene.project, members=people)
    soon = make_grant(project=scene.project, members=people, ends=now + timedelta(days=3))
    ended = make_grant(project=scene.project, members=people, status="ended")
    pull(fresh)
    Delivery.objects.create(
        grant=soon, target="main", kind="member", key="x", since=now, failures=2, next_attempt_at=now
    )
    browser = as_person(scene.people.bob)
    found = {state: shown(browser.get(f"/grants/?state={state}")) for state in (
        "", "soon", "attention", "unused", "ended", "all")}  # fmt: skip
    assert found == {
        "": [soon.pk, fresh.pk],
        "soon": [soon.pk],
        "attention": [soon.pk],
        "unused": [soon.pk],
        "ended": [ended.pk],
        "all": [ended.pk, soon.pk, fresh.pk],
    }


def test_words_are_looked_for_in_project_image_and_person(scene):
    grant = make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    make_grant(project=scene.project, members=[scene.people.alice], images=[scene.restricted])
    browser = as_person(scene.people.alice)
    assert shown(browser.get("/grants/?q=base+bob")) == [grant.pk]
    assert shown(browser.get("/grants/?q=nothing")) == []


def test_row_shows_use_and_the_request_it_came_from(scene):
    approve_all(scene, request := make_request(scene))
    row = as_person(scene.people.bob).get("/grants/").context["rows"][0]
    assert (row.request_id, row.use) == (request.pk, None)
    pull(row.grant)
    pull(row.grant, at=timezone.now() - timedelta(days=40))
    row = as_person(scene.people.bob).get("/grants/").context["rows"][0]
    assert row.use.recent == 1


@pytest.mark.parametrize(
    ("person", "query", "words"),
    [
        ("charlie", "", "You have no access yet"),
        ("bob", "?q=zzz", "No grants match these filters"),
        ("bob", "?state=unused", "Nothing is unused"),
        ("ada", "", "No grants yet"),
    ],
)
def test_empty_list_says_why(scene, person, query, words):
    assert words in as_person(getattr(scene.people, person)).get(f"/grants/{query}").text


def test_statements_do_not_grow_with_rows(scene):
    make_grant(project=scene.project, members=[scene.people.bob])

    def more():
        for number in range(3):
            make_grant(project=scene.project, members=[scene.people.bob, make_person(f"mate{number}")])

    assert_constant(as_person(scene.people.bob), "/grants/", more)
