"""I3: a worker killed at any step leaves rows that the next one brings to one truth. The kills are real."""

import os
from datetime import timedelta

import pytest
from django.db import connections

from grants.connectors.base import Outcome
from grants.delivery import targets
from grants.delivery.failpoints import EXIT_CODE, POINTS, VARIABLE
from grants.delivery.models import Attempt, Delivery
from grants.delivery.services import plan_rows
from grants.delivery.tests.conftest import BY
from grants.delivery.worker import work_due
from grants.lifecycle.models import Grant
from grants.lifecycle.services import revoke
from grants.lifecycle.testing import make_grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]

# What the kill leaves behind of the first line: its status, its calls' outcomes, and what the target was asked.
LEFT = {
    "delivery.before_intent": (0, [], []),
    "delivery.after_intent": (0, [""], []),
    "delivery.after_call": (0, [""], ["call"]),
    "delivery.after_outcome": (1, ["done"], ["call"]),
}


class Target:
    """A target outside this process: what it was asked is in a file, and so is what is in force there."""

    def __init__(self, folder):
        self.log, self.in_force = folder / "asked", folder / "in-force"
        self.in_force.touch()
        self.log.touch()

    def observe(self, scope):
        self._note("observe")
        held = self.in_force.read_text().split()
        return [entry for entry in scope.entries if entry.key in held]

    def apply(self, change):
        self._note("call")
        with self.in_force.open("a") as held:
            held.write(change.entry.key + "\n")
        return self._seen(change)

    def remove(self, change):
        self._note("call")
        held = [key for key in self.in_force.read_text().split() if key != change.entry.key]
        self.in_force.write_text("\n".join(held))
        return self._seen(change)

    def asked(self):
        return self.log.read_text().split()

    def _note(self, what):
        with self.log.open("a") as log:
            log.write(what + "\n")

    def _seen(self, change):
        return Outcome(change, changed=True, proven=True, detail="Seen.", at=None)


@pytest.fixture
def target(tmp_path, monkeypatch):
    there = Target(tmp_path)
    monkeypatch.setattr(targets, "_factories", {"distribution": lambda registry: there})
    return there


def killed(point, now):
    """Work in a process of its own that dies at this point; its exit code."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        os.environ[VARIABLE] = point
        try:
            work_due(now=now + timedelta(seconds=1), limit=1)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def finish(now):
    for seconds in (62, 124, 200):
        work_due(now=now + timedelta(seconds=seconds))


def calls():
    return list(Attempt.objects.values_list("outcome", flat=True))


@pytest.mark.parametrize("point", POINTS)
def test_setup_killed_at_any_step_converges(people, image, now, target, point):
    grant = make_grant(members=[people.bob], images=[image], status="provisioning")
    plan_rows(grant_id=grant.pk, now=now)
    assert killed(point, now) == EXIT_CODE
    verified, outcomes, asked = LEFT[point]
    assert Delivery.objects.filter(status="verified").count() == verified
    assert (calls(), target.asked()) == (outcomes, asked)
    finish(now)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"verified"}
    assert Grant.objects.get().status == "active"
    assert sorted(target.in_force.read_text().split()) == sorted(["fraud/base", people.bob.label])
    assert "" not in calls()


@pytest.mark.parametrize("point", POINTS)
def test_ending_killed_at_any_step_converges(people, image, now, target, point):
    grant = make_grant(members=[people.bob], images=[image], status="provisioning")
    plan_rows(grant_id=grant.pk, now=now)
    work_due(now=now)
    Attempt.objects.all().delete()
    target.log.write_text("")
    revoke(grant=Grant.objects.get(), note="", by=BY, now=now)
    assert killed(point, now) == EXIT_CODE
    proven, outcomes, asked = LEFT[point]
    assert Delivery.objects.filter(status="proven").count() == proven
    assert (calls(), target.asked()) == (outcomes, asked)
    finish(now)
    assert Grant.objects.get().status == "ended"
    assert target.in_force.read_text().split() == []
    assert "" not in calls()
    assert calls().count("done") == 2, "each line is proven by exactly one call whose end was seen"


def test_fail_points_do_nothing_unless_named(people, image, now, target, monkeypatch):
    monkeypatch.setenv(VARIABLE, "some.other.point")
    grant = make_grant(members=[people.bob], images=[image], status="provisioning")
    plan_rows(grant_id=grant.pk, now=now)
    work_due(now=now)
    assert calls() == ["done", "done"]
