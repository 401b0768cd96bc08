"""Deciding by plain posts: what is refused says why, keeps the text and decides nothing."""

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.requests import services
from approvals.requests.models import Decision, Request
from approvals.requests.testing import decide_as, make_request
from approvals.requests.types import DraftChanges
from grants.directory.actors import actor_for
from grants.directory.models import RoleAssignment
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant


@pytest.fixture
def request_row(scene):
    return make_request(scene)


@pytest.fixture
def send(request_row, as_person):
    """Post a decision on the request as a person; mia for mlops unless said otherwise."""

    def post(name="mia", **data):
        given = {"lane": "mlops", "verdict": "approve", "reason": "", "revision": request_row.revision} | data
        return as_person(name).post(reverse("decide", args=[request_row.pk]), given)

    return post


def status(request_row):
    return Request.objects.get(pk=request_row.pk).status


@pytest.mark.parametrize(
    ("verdict", "reason", "then"),
    [("approve", "", "approved"), ("deny", "Too long", "denied"), ("ask", "Which data?", "pending")],
)
def test_a_decision_is_made_and_leads_back_to_the_list(request_row, send, verdict, reason, then):
    page = send(verdict=verdict, reason=reason)
    assert page["Location"] == f"/approvals/?view=mine&done={request_row.pk}"
    assert status(request_row) == then
    assert [(d.verdict, d.reason) for d in Decision.objects.all()] == [(verdict, reason)]
    assert Grant.objects.filter(origin=request_row.label).exists() is (verdict == "approve")


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"verdict": ""}, {"verdict": ["Select approve, reject or ask a question"]}),
        ({"verdict": "deny"}, {"reason": ["Enter a reason"]}),
        ({"verdict": "ask", "reason": "  "}, {"reason": ["Enter your question"]}),
    ],
)
def test_a_decision_that_lacks_something_comes_back_with_the_error(request_row, send, data, errors):
    page = send(**data)
    assert (page.status_code, page.context["form"].errors) == (422, errors)
    assert "<title>Error: " in page.content.decode()
    assert not Decision.objects.exists()


def test_a_changed_request_is_shown_anew_with_the_text_kept_and_can_then_be_decided(scene, request_row, send):
    services.edit(
        request=request_row,
        changes=DraftChanges(use_case="Changed meanwhile"),
        revision=request_row.revision,
        by=actor_for(scene.people.alice),
        now=timezone.now(),
    )
    page = send(reason="Fine by me")
    assert page.status_code == 409
    assert page.context["notice"] == (
        "This request changed since you opened it. Look at it again before you decide."
    )
    assert page.context["form"]["reason"].value() == "Fine by me"
    assert ("Use case", "Train the fraud model", "Changed meanwhile") in page.context["changes"]
    assert not Decision.objects.exists()
    assert send(revision=request_row.revision + 1).status_code == 302


def test_who_comes_second_reads_who_was_first_and_keeps_their_words(scene, request_row, send):
    lina = make_person("lina", name="Li Na", roles=["approver:mlops"])
    decide_as(lina, request_row, "mlops")
    page = send(verdict="deny", reason="Not like this")
    assert page.status_code == 409
    text = page.content.decode()
    assert "Li Na approved this at" in text
    assert "Not like this" in text
    assert "send-decision" not in text
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(("name", "code"), [("sam", 404), ("charlie", 403), ("bob", 403), ("ada", 403)])
def test_nobody_else_decides(request_row, send, name, code):
    assert send(name).status_code == code
    assert status(request_row) == "pending"


def test_the_requester_is_told_who_can_decide_instead(scene, request_row, send):
    RoleAssignment.objects.create(person=scene.people.alice, role="approver:mlops")
    page = send("alice")
    assert page.status_code == 403
    text = page.content.decode()
    assert "because you wrote it, lead its team or are one of its members" in text
    assert "Mia" in text


def test_what_policy_no_longer_allows_is_listed_and_not_approved(scene, request_row, send):
    scene.image.blocked, scene.image.blocked_reason = True, "Secret inside"
    scene.image.save()
    page = send(reason="Go")
    assert page.status_code == 422
    assert page.context["reasons"] == [
        "main.registry.test/fraud/base:stable is blocked and cannot be requested. Remove it"
    ]
    assert status(request_row) == "pending"


def test_a_reason_that_is_too_long_stands_at_its_field(request_row, send):
    page = send(verdict="deny", reason="x" * 2001)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["reason"]


def test_a_person_of_two_lanes_says_for_which_they_decide(scene, as_person):
    for person in (scene.people.mia, make_person("lina", roles=["approver:mlops"])):
        RoleAssignment.objects.create(person=person, role="approver:security")
    request = make_request(scene, images=[scene.restricted])
    url = reverse("decide", args=[request.pk])
    page = as_person("mia").post(url, {"verdict": "approve", "revision": request.revision})
    assert page.context["form"].errors == {"lane": ["Select for which group you decide"]}
    assert page.context["form"].fields["lane"].choices == [("mlops", "MLOps"), ("security", "Security")]
