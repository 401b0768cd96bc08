"""The approver's list and one request beside it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals.requests.models import Lane
from approvals.requests.testing import approve_all, decide_as, make_draft, make_request
from grants.directory.models import RoleAssignment
from grants.directory.testing import make_person

INBOX = "/approvals/"
MOST_QUERIES = 20


def shown(page):
    return [row.request for row in page.context["rows"]]


def detail(request):
    return reverse("inbox-detail", args=[request.pk])


@pytest.mark.parametrize(
    ("name", "status"),
    [("mia", 200), ("sam", 200), ("ada", 200), ("root", 200), ("alice", 403), ("charlie", 403)],
)
def test_the_list_is_for_approvers_and_those_who_read_everything(scene, as_person, name, status):
    page = as_person(name).get(INBOX)
    assert page.status_code == status
    if status == 403:
        assert "Only approvers have a list of requests to decide." in page.content.decode()


@pytest.mark.parametrize(
    ("name", "sent", "draft"), [("mia", 200, 404), ("sam", 404, 404), ("ada", 200, 404), ("alice", 403, 403)]
)
def test_a_request_is_opened_by_those_it_waits_for(scene, as_person, name, sent, draft):
    urls = [detail(make_request(scene)), detail(make_draft(scene))]
    assert [as_person(name).get(url).status_code for url in urls] == [sent, draft]


def test_rows_come_due_first_and_say_what_matters(scene, as_person):
    make_person("lina", name="Li Na", roles=["approver:mlops"])
    kim = make_person("kim", contractor=True)
    later = make_request(scene)
    first = make_request(scene, images=[scene.image, scene.restricted], members=[scene.people.bob, kim])
    Lane.objects.filter(request=first).update(due_at=timezone.now() - timedelta(hours=1))
    page = as_person("mia").get(INBOX)
    assert shown(page) == [first, later]
    row = page.context["rows"][0]
    assert (row.people, row.images, row.policy) == ("2 people", "base and 1 more", "needs_person")
    assert (row.late, list(row.others)) == (True, ["Li Na"])
    assert list(row.marks) == ["Restricted image", "1 contractor", "First use by this team"]
    assert "<title>(2) Approvals – Purser</title>" in page.content.decode()


def test_each_view_has_its_requests(scene, as_person):
    waiting, asked, decided = (make_request(scene) for _turn in range(3))
    decide_as(scene.people.mia, asked, "mlops", "ask", reason="Why?")
    decide_as(scene.people.mia, decided, "mlops", "deny", reason="No")
    client = as_person("mia")
    views = {
        view: shown(client.get(INBOX, {"view": view}))
        for view in ("mine", "group", "asked", "decided", "all")
    }
    assert views == {
        "mine": [waiting],
        "group": [waiting],
        "asked": [asked],
        "decided": [decided],
        "all": [decided, asked, waiting],
    }


def test_an_auditor_sees_one_view_and_no_form(scene, as_person):
    request = make_request(scene)
    page = as_person("ada").get(detail(request))
    assert [str(tab["label"]) for tab in page.context["tabs"]] == ["All I may see"]
    assert "send-decision" not in page.content.decode()


def test_an_empty_list_says_what_it_holds_and_the_last_decision(scene, as_person):
    text = as_person("mia").get(INBOX).content.decode()
    assert "Nothing is waiting for you" in text
    request = approve_all(scene, make_request(scene))
    text = as_person("mia").get(INBOX).content.decode()
    assert f"Your last decision: {request.number}" in text
    assert "See what your group has waiting" in text
    assert "Nothing in this view" in as_person("mia").get(INBOX, {"view": "asked"}).content.decode()


def test_one_screen_shows_what_is_asked_and_the_form_with_the_verdict_of_the_key(scene, as_person):
    request = make_request(scene)
    page = as_person("mia").get(detail(request), {"verdict": "deny"})
    text = page.content.decode()
    assert "Alice asks for access to base for 1 person of Anti-fraud." in text
    assert page.context["form"]["verdict"].value() == "deny"
    assert f'name="revision" value="{request.revision}"' in text
    assert "autofocus" in text
    assert "autofocus" not in as_person("mia").get(detail(request)).content.decode()


def test_a_person_who_asked_sees_why_they_cannot_decide_and_who_can(scene, as_person):
    RoleAssignment.objects.create(person=scene.people.alice, role="approver:mlops")
    page = as_person("alice").get(detail(make_request(scene)))
    assert page.context["refusal"] == (
        "You cannot decide this request, because you wrote it, lead its team or are one of its members."
    )
    assert page.context["can_decide"] == ["Mia"]
    assert "send-decision" not in page.content.decode()


def test_a_row_decided_elsewhere_greys_in_place_on_a_live_refresh(scene, as_person):
    lina = make_person("lina", name="Li Na", roles=["approver:mlops"])
    first, second = make_request(scene), make_request(scene)
    client = as_person("mia")
    url = client.get(INBOX).context["live_url"]
    decide_as(lina, first, "mlops")
    third = make_request(scene)
    page = client.get(url, headers={"HX-Request": "true"})
    assert shown(page) == [first, second, third]
    assert page.context["rows"][0].taken.startswith("Approved by Li Na, ")
    assert [row.taken for row in page.context["rows"][1:]] == ["", ""]
    assert shown(client.get(INBOX)) == [second, third]


def test_what_was_never_the_viewers_to_see_is_not_shown_by_its_number(scene, as_person):
    secret = make_draft(scene)
    page = as_person("mia").get(INBOX, {"shown": f"{secret.pk}-x-99999999999999999999"})
    assert shown(page) == []


@pytest.mark.parametrize("open_one", [False, True])
def test_the_list_costs_the_same_for_one_row_and_three(scene, as_person, open_one):
    request = make_request(scene, images=[scene.image, scene.restricted])
    make_person("lina", name="Li Na", roles=["approver:mlops"])
    client, url, figures = as_person("mia"), detail(request) if open_one else INBOX, []
    client.get(url)
    for more in (0, 2):
        for _turn in range(more):
            make_request(scene, images=[scene.image, scene.restricted])
        with CaptureQueriesContext(connection) as found:
            client.get(url)
        figures.append(len(found))
    assert figures[0] == figures[1]
    assert figures[1] <= MOST_QUERIES


@pytest.mark.parametrize("view", ["group", "asked", "all"])
def test_a_request_with_a_question_beside_any_view_stays_within_the_budget(scene, as_person, view):
    request = make_request(scene, images=[scene.image, scene.restricted])
    make_request(scene)
    decide_as(scene.people.mia, request, "mlops", "ask", reason="Why?")
    client = as_person("mia")
    client.get(detail(request))
    with CaptureQueriesContext(connection) as found:
        assert client.get(detail(request), {"view": view}).context["conversation"]
    assert len(found) <= MOST_QUERIES
