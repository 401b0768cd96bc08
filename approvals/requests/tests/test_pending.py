"""A sent request: changed, questioned, nudged, lapsed, and what the losers of each are told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests import services
from approvals.requests.errors import (
    Conflict,
    DraftFault,
    NotApprovable,
    NotSendable,
    RequestError,
    StaleRequest,
)
from approvals.requests.models import Decision, Lane, Request
from approvals.requests.selectors import refusal_for
from approvals.requests.signals import request_changed
from approvals.requests.tasks import lapse
from approvals.requests.testing import (
    TAG,
    approve_all,
    decide_as,
    make_draft,
    make_request,
    make_scanned_image,
)
from approvals.requests.types import DraftChanges, ImageChoice
from audit.ledger.models import Event
from grants.catalogue.models import Scan
from grants.catalogue.testing import make_version
from grants.directory.actors import actor_for
from grants.directory.models import RoleAssignment
from grants.directory.standing import standing_of
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant


@pytest.fixture
def alice(scene, now):
    return {"by": actor_for(scene.people.alice), "now": now}


def change(request, alice, **answers):
    changes = DraftChanges(**answers)
    return services.edit(request=request, changes=changes, revision=request.revision, **alice)


def lanes(request):
    return dict(Lane.objects.filter(request=request).values_list("name", "status"))


def test_an_edit_makes_the_next_revision_and_clears_what_was_approved(scene, alice):
    request = make_request(scene, images=[scene.restricted])
    decide_as(scene.people.sam, request, "security")
    edited = change(request, alice, people_text="bob, charlie")
    assert (edited.status, edited.revision) == ("pending", request.revision + 1)
    assert lanes(edited) == {"mlops": "waiting", "security": "waiting"}
    assert [member["name"] for member in edited.facts["members"]] == ["Bob", "Charlie"]
    kinds = Event.objects.order_by("sequence").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["approvals.request.revised", "approvals.lane.reopened"]
    assert Event.objects.get(kind="approvals.request.revised").detail["changes"] == {
        "members": {"added": [scene.people.charlie.label], "removed": []}
    }
    assert Decision.objects.count() == 1
    assert approve_all(scene, edited).status == "approved"


def test_an_approval_of_the_revision_before_is_stale(scene, alice):
    request = make_request(scene)
    change(request, alice, ticket="FRAUD-7")
    with pytest.raises(Conflict) as caught:
        decide_as(scene.people.mia, request, "mlops", revision=request.revision)
    assert caught.value.code == "stale_revision"
    assert caught.value.detail["revision"] == request.revision + 1
    assert caught.value.detail["changed_by"] == "Alice"


def test_an_edit_that_brings_a_restricted_image_asks_security(scene, alice):
    choices = [ImageChoice(scene.restricted.pk, TAG)]
    edited = change(make_request(scene), alice, images=choices)
    assert lanes(edited) == {"mlops": "waiting", "security": "waiting"}


def test_a_lane_no_longer_needed_goes_unless_somebody_answered_there(scene, alice):
    choices = [ImageChoice(scene.image.pk, TAG)]
    silent = change(make_request(scene, images=[scene.restricted]), alice, images=choices)
    assert lanes(silent) == {"mlops": "waiting"}
    spoken = make_request(scene, images=[scene.restricted])
    decide_as(scene.people.sam, spoken, "security", "ask")
    assert lanes(change(spoken, alice, images=choices)) == {"mlops": "waiting", "security": "waiting"}


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"people_text": "nobody@example.org"}, NotSendable),
        ({"use_case": ""}, NotSendable),
        ({"days": 0}, DraftFault),
    ],
)
def test_an_edit_that_cannot_be_sent_changes_nothing(scene, alice, answers, error):
    request = make_request(scene)
    with pytest.raises(error):
        change(request, alice, **answers)
    same = Request.objects.get(pk=request.pk)
    assert (same.revision, same.status, same.use_case, same.days) == (
        2,
        "pending",
        "Train the fraud model",
        30,
    )
    assert [row.raw for row in same.members.all()] == ["bob"]


def test_a_stale_edit_keeps_what_was_typed(scene, alice):
    request = make_request(scene)
    change(request, alice, ticket="FRAUD-7")
    with pytest.raises(StaleRequest) as caught:
        change(request, alice, ticket="FRAUD-8")
    assert caught.value.changes.ticket == "FRAUD-8"


def test_a_question_is_answered_and_the_lane_waits_again(scene, alice):
    request = make_request(scene)
    asked = decide_as(scene.people.mia, request, "mlops", "ask", reason="Which data?")
    assert (asked.status, lanes(asked)) == ("pending", {"mlops": "asked"})
    people = scene.people
    services.answer(request=request, text="Card payments", author=people.alice, **alice)
    assert lanes(request) == {"mlops": "waiting"}
    said = {(m.kind, m.author, m.lane, m.text) for m in request.messages.all()}
    assert said == {
        ("question", people.mia, "mlops", "Which data?"),
        ("answer", people.alice, "", "Card payments"),
    }
    assert decide_as(people.mia, request, "mlops").status == "approved"


def test_a_question_may_be_asked_twice_and_a_lane_that_asked_may_approve(scene):
    request = make_request(scene)
    decide_as(scene.people.mia, request, "mlops", "ask")
    decide_as(scene.people.mia, request, "mlops", "ask")
    assert decide_as(scene.people.mia, request, "mlops").status == "approved"


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [
        ("deny", "  ", "reason_required"),
        ("ask", "", "reason_required"),
        ("deny", "x" * 2001, "reason_too_long"),
        ("perhaps", "Because", "unknown_verdict"),
    ],
)
def test_a_verdict_without_what_it_needs_is_refused(scene, verdict, reason, code):
    request = make_request(scene)
    with pytest.raises(RequestError) as caught:
        decide_as(scene.people.mia, request, "mlops", verdict, reason=reason)
    assert caught.value.code == code
    assert lanes(request) == {"mlops": "waiting"}


def test_a_verdict_says_which_revision_was_seen(scene):
    request = make_request(scene)
    with pytest.raises(RequestError) as caught:
        decide_as(scene.people.mia, request, "mlops", revision=None)
    assert (caught.value.code, lanes(request)) == ("revision_required", {"mlops": "waiting"})


def test_the_second_is_told_who_was_first_and_when(scene, now):
    amir = make_person("amir", name="Amir Q", roles=["approver:mlops"])
    request = make_request(scene)
    at = now.replace(hour=10, minute=41)
    decide_as(amir, request, "mlops", now=at)
    with pytest.raises(Conflict) as caught:
        decide_as(scene.people.mia, request, "mlops", "deny")
    assert caught.value.detail == {
        "by": "Amir Q",
        "person_id": amir.pk,
        "verdict": "approve",
        "lane": "mlops",
        "at": at.isoformat(),
        "status": "approved",
    }
    assert caught.value.message == "Amir Q approved this at 10:41. Nothing more to do."
    page = refusal_for(Request.objects.get(pk=request.pk), standing_of(scene.people.mia), "mlops")
    assert (page.code, page.status, dict(page.detail)) == ("already_decided", 409, caught.value.detail)


def test_nudging_is_once_a_day(scene, alice, now):
    request = make_request(scene)
    services.nudge(request=request, **alice)
    with pytest.raises(Conflict) as caught:
        services.nudge(request=request, by=alice["by"], now=now + timedelta(hours=23, minutes=59))
    assert (caught.value.code, caught.value.detail) == (
        "nudged_recently",
        {"next_at": (now + timedelta(hours=24)).isoformat()},
    )
    services.nudge(request=request, by=alice["by"], now=now + timedelta(hours=24))
    assert Event.objects.filter(kind="approvals.request.nudged").count() == 2


def test_what_nobody_decides_lapses_to_the_minute(scene, now, settings):
    request = make_request(scene, now=now)
    settings.POLICY = settings.POLICY | {"lapse_days": 14}
    assert services.lapse_due(now=now + timedelta(days=14, seconds=-1)) == 0
    assert services.lapse_due(now=now + timedelta(days=14)) == 1
    assert services.lapse_due(now=now + timedelta(days=15)) == 0
    event = Event.objects.get(kind="approvals.request.lapsed")
    assert (event.subject, event.actor) == (request.label, "system:lapse")
    assert Request.objects.get(pk=request.pk).status == "lapsed"


def test_a_request_that_cannot_lapse_does_not_keep_the_others(scene, now, caplog):
    stuck, other = (make_request(scene, now=now - timedelta(days=15)) for _ in range(2))

    def fail(sender, request_id, **_kwargs):
        assert request_id != stuck.pk, "no notice could be written"

    request_changed.connect(fail)
    try:
        assert services.lapse_due(now=now) == 1
    finally:
        request_changed.disconnect(fail)
    found = {request.pk: request.status for request in Request.objects.all()}
    assert found == {stuck.pk: "pending", other.pk: "lapsed"}
    assert f"REQ-{stuck.pk} could not lapse" in caplog.text


def test_the_task_lapses_what_is_due(scene, now):
    make_request(scene, now=now - timedelta(days=14))
    assert lapse() == 1


def test_without_an_eligible_approver_it_cannot_be_sent(scene, alice):
    RoleAssignment.objects.filter(person=scene.people.mia).delete()
    draft = make_draft(scene)
    with pytest.raises(NotSendable) as caught:
        services.submit(request=draft, revision=draft.revision, **alice)
    blocked = [r for r in caught.value.detail["results"] if r["result"] == "blocked"]
    assert [(r["code"], r["params"]["lane"]) for r in blocked] == [("no_one_can_decide", "mlops")]
    assert Request.objects.get(pk=draft.pk).status == "draft"


def test_one_person_for_two_lanes_is_not_enough(scene, alice):
    RoleAssignment.objects.filter(person__in=[scene.people.mia, scene.people.sam]).delete()
    make_person("olga", roles=["approver:mlops", "approver:security"])
    draft = make_draft(scene, images=[scene.restricted])
    with pytest.raises(NotSendable) as caught:
        services.submit(request=draft, revision=draft.revision, **alice)
    blocked = [r for r in caught.value.detail["results"] if r["code"] == "no_one_can_decide"]
    assert [r["params"]["lane"] for r in blocked] == ["security"]


def test_everything_missing_is_told_with_the_results(scene, alice):
    draft = services.start_draft(requester=scene.people.alice, project=None, **alice)
    with pytest.raises(NotSendable) as caught:
        services.submit(request=draft, revision=draft.revision, **alice)
    missing = [(m["field"], m["code"], m["message"]) for m in caught.value.detail["missing"]]
    assert missing == [
        ("project", "no_project", "Choose a project"),
        ("use_case", "no_use_case", "Enter the use case"),
    ]
    blocked = {r["code"] for r in caught.value.detail["results"] if r["result"] == "blocked"}
    assert {"nobody", "no_images"} <= blocked


def test_what_was_sent_is_judged_again_before_approval(scene, now):
    request = make_request(scene)
    scene.image.blocked, scene.image.blocked_reason = True, "Stolen key inside"
    scene.image.save()
    with pytest.raises(NotApprovable) as caught:
        decide_as(scene.people.mia, request, "mlops")
    assert [r["code"] for r in caught.value.detail["results"] if r["result"] == "blocked"] == [
        "image_blocked"
    ]
    assert not Decision.objects.exists()
    assert decide_as(scene.people.mia, request, "mlops", "deny").status == "denied"


def test_a_member_who_left_stops_the_approval(scene, now):
    request = make_request(scene, people_lines=["bob", "charlie"])
    bob = scene.people.bob
    bob.active, bob.disabled_at = False, now
    bob.save()
    with pytest.raises(NotApprovable) as caught:
        decide_as(scene.people.mia, request, "mlops")
    assert [r["code"] for r in caught.value.detail["results"] if r["result"] == "blocked"] == [
        "inactive_people"
    ]


def test_a_new_critical_finding_stops_the_approval(scene, now):
    request = make_request(scene)
    version = scene.image.tags.get().version
    later = now + timedelta(seconds=1)
    Scan.objects.create(version=version, scanned_at=later, uploaded_at=later, uploaded_by="x", critical=1)
    with pytest.raises(NotApprovable):
        decide_as(scene.people.mia, request, "mlops")


def test_a_tag_that_moved_is_approved_at_the_digest_that_was_sent(scene):
    request = make_request(scene)
    sent = scene.image.tags.get().version.digest
    newer = make_version(scene.image, "", digest="sha256:" + "b" * 64)
    scene.image.tags.update(version=newer)
    approve_all(scene, request)
    assert Grant.objects.get(origin=request.label).images.get().digest == sent


def test_a_project_that_closed_stops_the_approval(scene):
    request = make_request(scene)
    scene.project.state = "closed"
    scene.project.save()
    with pytest.raises(Conflict) as caught:
        decide_as(scene.people.mia, request, "mlops")
    assert caught.value.code == "project_closed"


def test_due_times_follow_the_setting(scene, now, settings):
    settings.POLICY = settings.POLICY | {"target_hours": 8}
    request = make_request(scene, images=[make_scanned_image("fraud/third")], now=now)
    assert [lane.due_at for lane in request.lanes.all()] == [now + timedelta(hours=8)]
    assert timezone.is_aware(request.submitted_at)


@pytest.mark.parametrize(("age", "hours", "lapsed"), [(15, -48, 1), (13, 48, 0)])
def test_the_databases_clock_lapses_a_request_however_wrong_our_own_is(
    scene, now, monkeypatch, age, hours, lapsed
):
    make_request(scene, now=now - timedelta(days=age))
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=hours))
    assert lapse() == lapsed
