"""`manage.py reconcile --apply`: what the engine does, at once, recorded as the operator, never past a brake."""

import json
from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.connectors.errors import Permanent, Transient
from grants.delivery import reconciling
from grants.delivery.models import Delivery, Drift
from grants.delivery.reconciling import work_until
from grants.lifecycle.models import Grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]
AT_ONCE = {"apply": True, "seconds": 0}


def recorded():
    return Event.objects.filter(kind="grants.target.reconciled")


def verified(clock):
    """Everything is in place, and long enough ago that what changes then is somebody else's doing."""
    clock.work()
    Delivery.objects.update(verified_at=clock.at - timedelta(minutes=5))


def test_without_apply_it_is_the_plan_and_nothing_happens(give, keeper, run):
    give("alice")
    assert run("reconcile", "keeper") == run("plan", "keeper")
    assert (keeper.calls, recorded().count()) == ([], 0)


def test_what_waits_in_the_queue_is_done(give, keeper, run):
    grant = give("alice", at=(0,))
    code, said = run("reconcile", "keeper", **AT_ONCE)
    assert (code, said.splitlines()[-2:]) == (
        0, ["3 lines worked. What is left:", "keeper (keeping): nothing to do"],
    )  # fmt: skip
    grant.refresh_from_db()
    assert (grant.status, len(keeper.kept)) == ("active", 3)


def test_it_is_recorded_as_the_operator(give, run):
    give("alice", at=(0,))
    run("reconcile", "keeper", **AT_ONCE)
    event = recorded().get()
    assert (event.actor.partition(":")[0], event.subject, event.detail) == (
        "operator", "target:keeper", {"target": "keeper", "lines": 0, "add": 3, "change": 0, "remove": 0},
    )  # fmt: skip


@pytest.mark.parametrize("option", ["repair", "report"])
def test_differences_are_put_right_whatever_the_option_says(
    option, give, people, keeper, clock, registry, run
):
    give("alice")
    verified(clock)
    registry.options = {"drift": option}
    registry.save()
    keeper.put("member", people.alice.label, ("image", "team/a"), ("image", "team/x"))
    keeper.take("room", "anti-fraud-v2")
    keeper.put("image", "team/b", ("project", "anti-fraud-v2"), ("project", "gone"))
    code, said = run("reconcile", "keeper", **AT_ONCE)
    assert (code, said.splitlines()[-1]) == (0, "keeper (keeping): nothing to do")
    assert keeper.kept["keeper", "member", people.alice.label].values("image") == ("team/a", "team/b")
    reverted = Event.objects.filter(kind="grants.drift.reverted")
    assert reverted.count() == (3 if option == "report" else 0)
    assert all(event.actor.startswith("operator:") for event in reverted)


def test_failing_lines_are_due_at_once_and_what_still_fails_is_said(give, people, keeper, clock, run):
    give("alice", at=(0,))
    keeper.faults[people.alice.label] = [Permanent("No."), Permanent("Still no.")]
    clock.work()
    Delivery.objects.filter(failures=1).update(next_attempt_at=clock.at + timedelta(hours=1))
    code, said = run("reconcile", "keeper", **AT_ONCE)
    row = Delivery.objects.get(failures=2)
    assert (code, said.splitlines()[-1]) == (
        2, f"  keeper: member {people.alice.label} of grant {row.grant_id} is wanted: Still no.",
    )  # fmt: skip
    assert recorded().get().detail["lines"] == 1
    Delivery.objects.update(next_attempt_at=None, status="verified")
    assert run("reconcile", "keeper", **AT_ONCE)[0] == 2


def test_removals_that_a_brake_holds_stay_and_are_named(give, keeper, clock, run):
    give("alice", at=(0,))
    verified(clock)
    for number in range(9):
        keeper.put("image", f"old/{number}", ("project", "gone"))
    code, said = run("reconcile", "keeper", **AT_ONCE)
    assert (code, said.count("(held back: too many removals at once)")) == (2, 9)
    assert (len(keeper.kept), Drift.objects.exclude(held_at=None).count()) == (12, 9)


def test_a_target_that_shows_too_little_is_not_insisted_on(
    give, people, keeper, clock, registry, run, monkeypatch
):
    give("alice")
    verified(clock)
    registry.options = {"drift": "report"}
    registry.save()
    keeper.take("room", "anti-fraud-v2")
    monkeypatch.setattr("grants.delivery.drift.too_little", lambda **_: True)
    code, _ = run("reconcile", "keeper", **AT_ONCE)
    assert (code, ("keeper", "room", "anti-fraud-v2") in keeper.kept) == (2, False)


def test_target_that_does_not_answer_is_code_1(give, keeper, run):
    give("alice")
    keeper.answers = [Transient("It is down.")]
    code, said = run("reconcile", **AT_ONCE)
    assert (code, said.splitlines()[0]) == (1, "keeper (keeping): could not be asked: It is down.")
    assert recorded().count() == 0


def test_target_that_stops_answering_is_code_1_and_its_queue_is_still_worked(give, keeper, run, monkeypatch):
    give("alice", at=(0,))
    looks = []
    see = keeper.observe

    def once(scope):
        looks.append(scope)
        if len(looks) == 2:
            raise Transient("It is down.")
        return see(scope)

    monkeypatch.setattr(keeper, "observe", once)
    code, said = run("reconcile", "keeper", **AT_ONCE)
    assert (code, "keeper: It is down." in said, len(keeper.kept)) == (1, True, 3)


def test_json_is_what_is_left(give, run):
    give("alice", at=(0,))
    code, said = run("reconcile", "keeper", json=True, **AT_ONCE)
    assert (code, json.loads(said)["targets"][0]["counts"]["add"]) == (0, 0)


def test_it_waits_for_what_comes_due_within_the_time_and_no_longer(give, registry, now):
    give("alice", at=(0,))
    Delivery.objects.update(next_attempt_at=now + timedelta(seconds=20))
    clock, rested = [now], []

    def rest(seconds):
        rested.append(seconds)
        clock[0] += timedelta(seconds=seconds)

    def until(seconds):
        return work_until(
            ["keeper"], deadline=now + timedelta(seconds=seconds), clock=lambda: clock[0], rest=rest
        )

    assert (until(10), rested) == (0, [])
    assert until(30) == 3
    assert 20 <= sum(rested) < 22


def test_a_line_another_worker_has_is_waited_for_and_not_for_ever(give, now, monkeypatch):
    give("alice", at=(0,))
    clock = [now]
    monkeypatch.setattr(reconciling, "work_due", lambda **_: 0)

    def rest(seconds):
        clock[0] += timedelta(seconds=seconds)

    deadline = now + timedelta(seconds=2)
    assert work_until(["keeper"], deadline=deadline, clock=lambda: clock[0], rest=rest) == 0
    assert clock[0] > deadline
    assert Grant.objects.get().status == "provisioning"
