"""A scan killed at any step leaves rows that the next one brings to one truth. The kills are real."""

import os
from datetime import timedelta

import pytest
from django.db import connections

from grants.delivery.drift import DRIFT_POINTS, scan
from grants.delivery.failpoints import EXIT_CODE, VARIABLE
from grants.delivery.models import Delivery, Drift, Episode, TargetScan

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned", "keeper")]

LEFT = {"drift.after_look": [], "drift.after_record": ["open"], "drift.after_repair": ["repairing"]}


def killed(point, clock):
    clock.at += timedelta(minutes=1)
    connections.close_all()
    child = os.fork()
    if child == 0:
        os.environ[VARIABLE] = point
        try:
            scan(clock.registry, now=clock.at)
        finally:
            os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    until_its_session_is_gone(clock.registry.key)
    return code


def until_its_session_is_gone(target):
    """The server notices a dead client in its own time; its lock is ours only then."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('drift'), hashtext(%s))", [target])
        cursor.execute("SELECT pg_advisory_unlock(hashtext('drift'), hashtext(%s))", [target])


@pytest.mark.parametrize("point", DRIFT_POINTS)
def test_scan_killed_at_any_step_converges(give, keeper, clock, people, point, events):
    give("bob")
    clock.work()
    keeper.take("member", people.bob.label)
    assert killed(point, clock) == EXIT_CODE
    assert list(Drift.objects.values_list("state", flat=True)) == LEFT[point]
    clock.scan()
    clock.work()
    clock.scan()
    assert ("keeper", "member", people.bob.label) in keeper.kept
    assert [row.state for row in Drift.objects.all()] == ["closed"]
    assert Episode.objects.count() == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {"verified"}
    found = [kind for kind in events() if kind.startswith("grants.drift")]
    assert found == ["grants.drift.found", "grants.drift.closed"]
    assert TargetScan.objects.get().finished_at == clock.at
