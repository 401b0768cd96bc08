"""What approving would change stands on the request, on the approver's card and in the API, before anybody approves."""

import pytest
from django.urls import reverse

from approvals.requests.testing import approve_all, make_request
from grants.lifecycle.testing import make_grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tab(scene, as_person):
    def call(request, name="alice"):
        return as_person(name).get(reverse("request-detail", args=[request.pk]) + "?tab=changes")

    return call


def test_tab_names_every_exact_change(scene, tab):
    page = tab(make_request(scene))
    lines = {str(line.key): (str(line.step), line.comes) for line in page.context["lines"]}
    assert lines == {
        "Bob": ("Comes", [f"pull {scene.image.repository}"]),
        scene.image.repository: ("Comes", [f"pull {scene.image.repository}"]),
    }
    assert page.context["cards"][0].said == ["1 person gets access", "1 image is opened to them"]


def test_who_has_it_already_is_not_counted_as_new(scene, tab):
    request = make_request(scene)
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    assert tab(request).context["cards"][0].said == ["1 person has it already"]


def test_card_of_the_approver_says_it_beside_the_decision(scene, as_person):
    request = make_request(scene)
    mia = as_person("mia")
    card = reverse("request-changes-card", args=[request.pk])
    assert f'hx-get="{card}"' in mia.get(reverse("inbox-detail", args=[request.pk])).content.decode()
    assert "1 person gets access" in mia.get(card).content.decode()


def test_decided_request_has_nothing_left_to_change(scene, tab):
    request = make_request(scene)
    approve_all(scene, request)
    page = tab(request)
    assert (page.context["cards"], "Nothing is left to change" in page.content.decode()) == ([], True)


def test_api_answers_the_same(scene, as_person):
    request = make_request(scene)
    [target] = as_person("alice").get(f"/api/v1/requests/{request.pk}/changes/").json()
    assert (target["target"], target["problems"]) == ("main", [])
    assert {"step": "add", "kind": "member", "key": scene.people.bob.label, "goes": []}.items() <= target[
        "changes"
    ][-1].items()
    assert target["changes"][-1]["comes"] == [{"name": "pull", "value": scene.image.repository}]
