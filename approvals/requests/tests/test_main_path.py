"""The way of one request from draft to grant, with every event it leaves."""

from datetime import timedelta

import pytest

from approvals.policy.evaluation import evaluate
from approvals.policy.facts import Facts
from approvals.requests import services
from approvals.requests.models import Decision
from approvals.requests.signals import request_changed
from approvals.requests.testing import approve_all, decide_as, make_draft, make_request
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.lifecycle.models import Grant


def kinds():
    return list(Event.objects.order_by("sequence").values_list("kind", flat=True))


def test_a_request_for_an_open_image_is_approved_by_mlops_alone_and_gives_the_access(scene, now):
    request = approve_all(scene, make_request(scene))
    grant = Grant.objects.get(origin=request.label)
    assert request.status == "approved"
    assert [m.person for m in grant.members.all()] == [scene.people.bob]
    assert [(i.image, i.tag, i.digest) for i in grant.images.all()] == [
        (scene.image, "stable", scene.image.tags.get().version.digest)
    ]
    assert grant.ends - grant.starts >= timedelta(days=30)
    assert grant.ends - grant.starts < timedelta(days=30, seconds=5)
    assert kinds() == [
        "approvals.request.drafted",
        "approvals.request.edited",
        "approvals.request.submitted",
        "approvals.lane.approved",
        "approvals.request.approved",
        "grants.grant.issued",
    ]


def test_a_restricted_image_waits_for_both_lanes(scene):
    request = make_request(scene, images=[scene.image, scene.restricted])
    assert [lane.name for lane in request.lanes.all()] == ["mlops", "security"]
    half = decide_as(scene.people.sam, request, "security")
    assert half.status == "pending"
    assert not Grant.objects.exists()
    assert decide_as(scene.people.mia, request, "mlops").status == "approved"
    assert Grant.objects.count() == 1


def test_a_denial_is_final_for_all_lanes(scene):
    request = make_request(scene, images=[scene.restricted])
    denied = decide_as(scene.people.sam, request, "security", "deny", reason="No need shown")
    assert denied.status == "denied"
    assert denied.decided_at is not None
    assert not Grant.objects.exists()
    assert Decision.objects.get().reason == "No need shown"


def test_the_events_are_told_inside_the_transaction(scene, django_capture_on_commit_callbacks):
    told = []

    def hear(sender, event, person_id, lane, **_kwargs):
        told.append((event, person_id, lane))

    request_changed.connect(hear)
    try:
        request = make_request(scene)
        decide_as(scene.people.mia, request, "mlops")
    finally:
        request_changed.disconnect(hear)
    alice, mia = scene.people.alice.pk, scene.people.mia.pk
    assert told == [
        ("drafted", alice, ""),
        ("updated", alice, ""),
        ("submitted", alice, ""),
        ("lane_approved", mia, "mlops"),
        ("approved", mia, "mlops"),
    ]


def test_stored_facts_give_the_stored_results_again(scene, now):
    request = make_request(scene, images=[scene.image, scene.restricted], now=now)
    request.refresh_from_db()
    facts = Facts.from_json(request.facts)
    again = evaluate(facts, facts.now)
    assert [result.to_json() for result in again.results] == request.results
    assert again.version == request.rule_set_version
    assert again.sendable is True


def test_a_start_in_the_future_moves_the_whole_window(scene, now):
    starts = now + timedelta(days=3)
    request = approve_all(scene, make_request(scene, starts=starts))
    grant = Grant.objects.get(origin=request.label)
    assert (grant.starts, grant.ends) == (starts, starts + timedelta(days=30))
    assert grant.status == "scheduled"


def test_a_fixed_end_stays_however_long_the_approval_takes(scene, now):
    ends = now + timedelta(days=20)
    request = approve_all(scene, make_request(scene, ends=ends))
    assert Grant.objects.get(origin=request.label).ends == ends


def test_days_are_counted_from_the_approval(scene, now):
    request = make_request(scene, days=1, now=now - timedelta(hours=30))
    assert approve_all(scene, request).status == "approved"
    grant = Grant.objects.get(origin=request.label)
    assert grant.ends - now > timedelta(hours=23)


def test_without_an_end_the_default_applies(scene, settings):
    request = make_request(scene, days=None)
    assert request.days == settings.POLICY["default_days"] == 90
    approve_all(scene, request)
    grant = Grant.objects.get(origin=request.label)
    assert round((grant.ends - grant.starts) / timedelta(days=1)) == 90


@pytest.mark.parametrize("people", [1, 3])
def test_the_facts_are_collected_in_a_constant_number_of_queries(
    scene, now, django_assert_num_queries, people
):
    members = [scene.people.bob, scene.people.charlie, scene.people.root][:people]
    request = make_draft(scene, members=members, images=[scene.image, scene.restricted])
    with django_assert_num_queries(8):
        services.preview(request=request, now=now)


def test_withdrawing_closes_the_request_for_all(scene, now):
    request = make_request(scene)
    gone = services.withdraw(request=request, by=actor_for(scene.people.alice), now=now, reason="Not needed")
    assert gone.status == "withdrawn"
    assert Event.objects.get(kind="approvals.request.withdrawn").detail == {
        "reason": "Not needed",
        "revision": 2,
    }
