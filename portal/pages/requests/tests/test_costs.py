"""Pages of one request make few queries, as many for one person and image as for three."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.requests.testing import approve_all, decide_as, make_draft, make_request
from grants.directory.testing import make_person

MOST_QUERIES = 20
LISTS = ["bob", "bob\nCHARLIE@example.com\n10001\nTwin\nnobody@else.where"]
TABS = ["summary", "members", "policy", "changes", "conversation", "timeline"]


@pytest.fixture(autouse=True)
def people(db, scene):
    make_person("lina", name="Li Na", roles=["approver:mlops"])
    make_person("kim", employee_number="10001")
    make_person("twin1", name="Twin", employee_number="1")
    make_person("twin2", name="Twin", employee_number="2")


def cost(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return len(found)


def drafts(scene):
    """A draft of one person and one image, and one of five lines and two images."""
    images = [[scene.image], [scene.image, scene.restricted]]
    return [
        make_draft(scene, people_text=text, images=chosen) for text, chosen in zip(LISTS, images, strict=True)
    ]


@pytest.mark.parametrize("page", ["check", "members", "images", "purpose", "project"])
def test_a_step_costs_the_same_for_one_line_and_five(scene, as_person, page):
    make_request(scene)  # an earlier one whose people can be copied
    names = {"check": "request-check"}
    figures = [
        cost(
            as_person("alice"),
            reverse(names.get(page, "request-step"), args=[draft.pk, *([] if page in names else [page])]),
        )
        for draft in drafts(scene)
    ]
    assert figures[1] <= MOST_QUERIES
    # Tokens of a kind that nobody wrote before are looked up by one query; an unknown one by two more.
    assert figures[1] - figures[0] <= (4 if page == "members" else 0)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("state", ["pending", "asked", "approved"])
@pytest.mark.parametrize("name", ["alice", "mia"])
def test_a_tab_costs_the_same_for_one_member_and_three(scene, as_person, name, state, tab):
    figures = []
    people = scene.people
    for members in ([people.bob], [people.bob, people.charlie, make_person("dora")]):
        sent = make_request(scene, members=members, images=[scene.image, scene.restricted])
        if state == "asked":
            decide_as(scene.people.mia, sent, "mlops", "ask", reason="Why?")
        elif state == "approved":
            approve_all(scene, sent)
        url = f"{reverse('request-detail', args=[sent.pk])}?tab={tab}"
        figures.append(cost(as_person(name), url))
    assert figures[0] == figures[1] <= MOST_QUERIES


def test_a_list_of_500_people_is_shown_in_pages_of_few_nodes(scene, as_person):
    for number in range(400):
        make_person(f"p{number:03}")
    text = "\n".join(f"p{number:03}" for number in range(500))
    draft = make_draft(scene, people_text=text, images=None)
    url = reverse("request-step", args=[draft.pk, "members"])
    page = as_person("alice").get(url)
    assert (page.context["counts"]["found"], page.context["counts"]["fixing"]) == (400, 100)
    assert [line.group for line in page.context["lines"]] == ["fixing"] * 50
    assert "50 of 500" in page.content.decode()
    assert page.content.decode().count("<") / 2 < 2_500
    rest = as_person("alice").get(url, {"n": "100"})
    assert [line.position for line in rest.context["lines"]] == list(range(1, 51))
    assert 'name="value"' not in rest.content.decode()
    assert cost(as_person("alice"), url) <= MOST_QUERIES


def test_a_search_for_images_stays_within_the_budget(scene, as_person):
    draft = make_draft(scene, images=[scene.image])
    url = reverse("request-step", args=[draft.pk, "images"])
    assert cost(as_person("alice"), f"{url}?q=fraud") <= MOST_QUERIES
