"""Who opens which request page, and what the others are told."""

import pytest
from django.test import Client
from django.urls import reverse

from approvals.requests.models import Request
from approvals.requests.testing import approve_all, make_draft, make_request

STEPS = ("project", "images", "members", "purpose")


def test_somebody_not_signed_in_signs_in_and_comes_back(scene):
    page = Client().get("/requests/?state=open")
    assert (page.status_code, page["Location"]) == (
        302,
        "/accounts/login/?next=%2Frequests%2F%3Fstate%3Dopen",
    )


def test_a_fragment_after_the_session_ended_leads_the_whole_page_to_sign_in(scene):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/requests/7/?tab=timeline"}
    page = Client().get("/requests/7/", headers=headers)
    assert page["HX-Redirect"] == "/accounts/login/?next=%2Frequests%2F7%2F%3Ftab%3Dtimeline"


@pytest.mark.parametrize(
    ("name", "draft", "sent"),
    [
        ("alice", 200, 200),
        ("bob", 404, 200),
        ("charlie", 404, 404),
        ("mia", 404, 200),
        ("sam", 404, 404),
        ("ada", 404, 200),
        ("root", 404, 200),
    ],
)
def test_a_request_is_seen_by_those_it_concerns(scene, as_person, name, draft, sent):
    urls = [reverse("request-detail", args=[made(scene).pk]) for made in (make_draft, make_request)]
    assert [as_person(name).get(url).status_code for url in urls] == [draft, sent]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("name", "status"), [("alice", 200), ("bob", 403), ("charlie", 404), ("mia", 403), ("ada", 403)]
)
def test_only_editors_open_a_step_of_a_sent_request(scene, as_person, name, status, step):
    url = reverse("request-step", args=[make_request(scene).pk, step])
    assert as_person(name).get(url).status_code == status


@pytest.mark.parametrize("verb", ["check", "withdraw"])
def test_a_closed_request_says_that_it_can_no_longer_be_changed(scene, as_person, verb):
    request = approve_all(scene, make_request(scene))
    page = as_person("alice").get(reverse(f"request-{verb}", args=[request.pk]))
    assert page.status_code == 409
    assert b"This request is closed, so it can no longer be changed." in page.content


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("mia", 403), ("charlie", 404)])
@pytest.mark.parametrize("verb", ["withdraw", "nudge", "answer"])
def test_what_only_editors_do_is_refused_to_others(scene, as_person, name, status, verb):
    request = make_request(scene)
    page = as_person(name).post(reverse(f"request-{verb}", args=[request.pk]), {"text": "Yes"})
    assert page.status_code == status
    request.refresh_from_db()
    assert (request.status, request.last_nudged_at) == ("pending", None)


def test_a_member_of_the_team_is_told_who_can_request(scene, as_person):
    page = as_person("bob").get(reverse("request-new"))
    assert page.status_code == 403
    assert b"You are not a lead of any team" in page.content
    assert b"Alice" in page.content


def test_an_unknown_step_is_not_found(scene, as_person):
    url = reverse("request-step", args=[make_draft(scene).pk, "money"])
    assert as_person("alice").get(url).status_code == 404


def test_copying_needs_a_lead_and_makes_a_draft_of_their_own(scene, as_person):
    url = reverse("request-copy", args=[make_request(scene).pk])
    assert as_person("bob").post(url).status_code == 403
    assert as_person("alice").post(url).status_code == 302
    copy = Request.objects.order_by("pk").last()
    assert (copy.status, copy.requester, copy.use_case) == (
        "draft",
        scene.people.alice,
        "Train the fraud model",
    )
