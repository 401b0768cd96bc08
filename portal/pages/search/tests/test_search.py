"""Search finds over all kinds what the viewer may see, and nothing else."""

import pytest

from approvals.requests.testing import make_request, make_scene
from grants.directory.testing import make_person
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def found(person, text):
    sections = as_person(person).get("/search/", {"q": text}).context["sections"]
    return {str(section.label): [hit.name for hit in section.hits] for section in sections}


def test_all_kinds_are_found(scene):
    request = make_request(scene)
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    assert found(scene.people.alice, "fraud") == {
        "Images": ["fraud/base", "fraud/secret"],
        "Requests": [request.number],
        "Grants": ["Anti fraud v2"],
        "Projects": ["Anti fraud v2"],
    }
    assert found(scene.people.ada, "bob") == {"Grants": ["Anti fraud v2"], "People": ["Bob"]}


def test_request_is_found_by_its_number(scene):
    request = make_request(scene)
    assert found(scene.people.alice, f"req-{request.pk}")["Requests"] == [request.number]


def test_stranger_finds_nothing_of_others(scene):
    make_request(scene)
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    assert found(scene.people.charlie, "fraud") == {}
    assert found(scene.people.charlie, "bob") == {}


def test_pages_are_offered_by_name_and_only_those_one_may_use(scene):
    def places(person, text):
        return [str(link.label) for link in as_person(person).get(f"/search/?q={text}").context["places"]]

    assert places(scene.people.bob, "gran") == ["Grants"]
    assert places(scene.people.bob, "health") == []
    assert places(scene.people.root, "health") == ["Health"]


def test_nothing_found_says_what_is_looked_at(scene):
    assert "Nothing you may see matches" in as_person(scene.people.bob).get("/search/?q=zzz").text


def test_statements_do_not_grow_with_rows(scene):
    def rows(*names):
        for name in names:
            person = make_person(f"fraud-{name}", member_of=[scene.people.team])
            make_request(scene, members=[person])
            make_grant(project=scene.project, members=[person])

    rows("a")
    assert_constant(as_person(scene.people.ada), "/search/?q=fraud", lambda: rows("b", "c", "d"))
