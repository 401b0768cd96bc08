"""Deciding by script: self-approval, races, stale revisions, and what the last approval gives."""

import pytest
from django.utils import timezone

from approvals.requests.models import Decision
from approvals.requests.testing import approve_all, decide_as, make_request
from grants.directory.models import RoleAssignment
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from portal.api.tests.conftest import problem


def verdict(request, word="approve", lane="mlops", reason="", revision=None):
    return {"lane": lane, "verdict": word, "reason": reason, "revision": revision or request.revision}


def test_the_last_approval_gives_the_access(as_, scene):
    sent = make_request(scene)
    response = as_("mia").post(f"requests/{sent.pk}/decisions/", verdict(sent))
    body = response.json()
    grant = Grant.objects.get()
    assert (response.status_code, body["status"], body["grant"]) == (200, "approved", grant.pk)
    assert body["lanes"][0]["decisions"] == [
        {
            "by": {"id": scene.people.mia.pk, "name": "Mia"},
            "verdict": "approve",
            "reason": "",
            "revision": sent.revision,
            "at": body["lanes"][0]["decisions"][0]["at"],
        }
    ]


def test_nobody_approves_their_own_request(as_, scene):
    RoleAssignment.objects.create(person=scene.people.alice, role="approver:mlops")
    sent = make_request(scene)
    response = as_("alice").post(f"requests/{sent.pk}/decisions/", verdict(sent))
    assert problem(response) == (403, "self_approval")
    assert (Decision.objects.count(), Grant.objects.count()) == (0, 0)


def test_a_member_of_the_bundle_cannot_approve_it(as_, scene):
    mia = scene.people.mia
    make_person("mo", roles=["approver:mlops"])
    sent = make_request(scene, members=[scene.people.bob, mia])
    assert problem(as_("mia").post(f"requests/{sent.pk}/decisions/", verdict(sent))) == (403, "self_approval")


def test_a_second_decision_meets_the_first(as_, scene):
    make_person("mo", roles=["approver:mlops"])
    sent = make_request(scene)
    decide_as(scene.people.mia, sent, "mlops", now=timezone.now())
    from grants.directory.models import Person

    response = as_(Person.objects.get(user_name="mo")).post(f"requests/{sent.pk}/decisions/", verdict(sent))
    assert problem(response) == (409, "already_decided")
    assert response.json()["context"]["by"] == "Mia"


def test_a_decision_on_another_revision_is_refused(as_, scene):
    sent = make_request(scene)
    response = as_("mia").post(f"requests/{sent.pk}/decisions/", verdict(sent, revision=sent.revision + 1))
    assert problem(response) == (409, "stale_revision")
    assert response.json()["context"]["revision"] == sent.revision


@pytest.mark.parametrize("word", ["deny", "ask"])
def test_denials_and_questions_need_words(as_, scene, word):
    sent = make_request(scene)
    response = as_("mia").post(f"requests/{sent.pk}/decisions/", verdict(sent, word))
    assert problem(response) == (422, "reason_required")


def test_a_question_is_asked_and_answered(as_, scene):
    sent = make_request(scene)
    asked = as_("mia").post(f"requests/{sent.pk}/decisions/", verdict(sent, "ask", reason="Which data?"))
    assert asked.json()["lanes"][0]["status"] == "asked"
    answered = as_("alice").post(f"requests/{sent.pk}/answer/", {"text": "Card payments"})
    assert answered.json()["lanes"][0]["status"] == "waiting"
    assert [(m["kind"], m["text"], m["by"]["name"]) for m in answered.json()["messages"]] == [
        ("question", "Which data?", "Mia"),
        ("answer", "Card payments", "Alice"),
    ]


@pytest.mark.parametrize(
    ("who", "lane", "expected"),
    [
        ("bob", "mlops", (403, "self_approval")),
        ("sam", "mlops", (404, "not_found")),
        ("ada", "mlops", (403, "not_an_approver")),
        ("root", "mlops", (403, "not_an_approver")),
        ("mia", "security", (403, "not_an_approver")),
        ("charlie", "mlops", (404, "not_found")),
    ],
)
def test_only_approvers_of_the_lane_decide(as_, scene, who, lane, expected):
    sent = make_request(scene)
    assert problem(as_(who).post(f"requests/{sent.pk}/decisions/", verdict(sent, lane=lane))) == expected


def test_a_reading_token_cannot_decide(as_, scene):
    sent = make_request(scene)
    response = as_("mia", "read").post(f"requests/{sent.pk}/decisions/", verdict(sent))
    assert problem(response) == (403, "scope_too_small")


def test_lanes_of_a_restricted_image_are_both_asked(as_, scene):
    sent = make_request(scene, images=[scene.restricted])
    body = as_("alice").get(f"requests/{sent.pk}/").json()
    assert [lane["name"] for lane in body["lanes"]] == ["mlops", "security"]
    approve_all(scene, sent)
    assert as_("alice").get(f"requests/{sent.pk}/").json()["status"] == "approved"
