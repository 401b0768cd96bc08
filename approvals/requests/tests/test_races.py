"""Races of approve, deny and withdraw: one winner and one event each. PURSER_RACES sets how many are run."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from approvals.requests import services
from approvals.requests.errors import Conflict
from approvals.requests.models import Request
from approvals.requests.testing import make_request, make_scene
from approvals.requests.tests.racing import CODES, races
from approvals.requests.types import DraftChanges
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.lifecycle.models import Grant

RACES = int(os.environ.get("PURSER_RACES", "60"))


@pytest.mark.django_db(transaction=True)
def test_each_race_has_one_winner_and_one_event():
    report = races(make_scene(), RACES)
    assert report.faults == []
    assert sum(report.won.values()) == RACES
    assert sum(report.told.values()) == 3 * RACES
    assert set(report.told) <= CODES
    assert set(report.won) == {"approve", "deny", "withdraw"}


@pytest.mark.django_db(transaction=True)
def test_both_lanes_approved_at_once_give_one_grant():
    scene = make_scene()
    for _ in range(10):
        request = make_request(scene, images=[scene.restricted])
        assert both(request, scene.people.mia, scene.people.sam) == ["approved", "approved"]
        assert Request.objects.get(pk=request.pk).status == "approved"
        assert Grant.objects.filter(origin=request.label).count() == 1
        assert Event.objects.filter(subject=request.label, kind="approvals.request.approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_edit_and_an_approval_at_once_never_approve_what_nobody_saw(settings):
    scene = make_scene()
    alice, mia = scene.people.alice, scene.people.mia
    for _ in range(10):
        request = make_request(scene)

        def change(request=request):
            changes = DraftChanges(people_text="bob, charlie")
            revision, by = request.revision, actor_for(alice)
            services.edit(request=request, changes=changes, revision=revision, by=by, now=timezone.now())
            return "edited"

        outcome = sorted(at_once(change, lambda request=request: approve(request, "mlops", mia)))
        granted = Grant.objects.filter(origin=request.label).first()
        if granted:
            assert outcome == ["approved", "wrong_status"]
            assert [m.person for m in granted.members.all()] == [scene.people.bob]
        else:
            assert outcome == ["edited", "stale_revision"]
            assert Request.objects.get(pk=request.pk).status == "pending"


def both(request, mia, sam):
    return at_once(lambda: approve(request, "mlops", mia), lambda: approve(request, "security", sam))


def approve(request, lane, person):
    services.decide(
        request=request,
        lane=lane,
        verdict="approve",
        reason="",
        revision=request.revision,
        decider=person,
        by=actor_for(person),
        now=timezone.now(),
    )
    return "approved"


def at_once(*acts):
    barrier = Barrier(len(acts))

    def run(act):
        connection.ensure_connection()
        barrier.wait(timeout=30)
        try:
            return act()
        except Conflict as conflict:
            return conflict.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
