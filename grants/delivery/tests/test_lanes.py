"""Targets do not wait for each other: one that does not answer holds up its own lines only."""

import threading

import pytest

from grants.catalogue.lanes import Lanes
from grants.catalogue.testing import make_image, make_registry
from grants.delivery import targets, tasks
from grants.delivery.claims import targets_due
from grants.delivery.models import Delivery
from grants.delivery.services import catch_up
from grants.delivery.tasks import lanes, sweep
from grants.delivery.tests.fake import FakeConnector
from grants.delivery.worker import Batch, work_batch
from grants.lifecycle.testing import make_grant

SECONDS = 20.0
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]


@pytest.fixture
def silent(people, monkeypatch):
    """Two grants: one at a registry that answers, one at a registry whose every call lasts until it is let go."""
    letting_go, asked = threading.Event(), threading.Event()

    def hang(_change):
        asked.set()
        assert letting_go.wait(SECONDS)

    connectors = {"main": FakeConnector(), "silent": FakeConnector()}
    connectors["silent"].before_answer = hang
    monkeypatch.setattr(targets, "_factories", {"distribution": lambda registry: connectors[registry.key]})
    monkeypatch.setattr(targets, "_principals", [])
    for key in connectors:
        image = make_image("team/base", registry=make_registry(key))
        make_grant(members=[people.bob], images=[image], status="provisioning")
    yield asked, letting_go
    letting_go.set()
    assert lanes.settle(SECONDS)


def states_at(target):
    return set(Delivery.objects.filter(target=target).values_list("status", flat=True))


def test_a_target_that_does_not_answer_holds_up_neither_another_nor_the_task(silent, states):
    asked, letting_go = silent
    sweep()
    assert asked.wait(SECONDS)
    assert lanes._made["main"].settled(SECONDS)
    assert (states_at("main"), states_at("silent")) == ({"verified"}, {"wanted"})
    assert not lanes.settle(0)
    letting_go.set()
    assert lanes.settle(SECONDS)
    assert states_at("silent") == {"verified"}


def test_new_lines_of_other_targets_are_worked_while_one_is_silent(silent, people):
    asked, _letting_go = silent
    sweep()
    assert asked.wait(SECONDS)
    assert lanes._made["main"].settled(SECONDS)
    image = make_image("team/late", registry=targets.target_of("main"))
    late = make_grant(members=[people.mia], images=[image], status="provisioning")
    sweep()
    assert lanes._made["main"].settled(SECONDS)
    assert set(late.deliveries.values_list("status", flat=True)) == {"verified"}


def test_due_targets_are_named_once_each(silent, now):
    assert targets_due(now=now) == []
    catch_up(now=now)
    assert targets_due(now=now) == ["main", "silent"]


def test_a_lane_works_once_more_for_those_who_asked_meanwhile_and_survives_a_fault():
    began, go_on, worked = threading.Event(), threading.Event(), []

    def work(target):
        worked.append(target)
        began.set()
        assert go_on.wait(SECONDS)
        raise RuntimeError("a fault nobody foresaw")

    made = Lanes(work)
    made.ask("main")
    assert began.wait(SECONDS)
    made.ask("main")
    made.ask("main")
    go_on.set()
    assert made.settle(SECONDS)
    assert worked == ["main", "main"]


def test_a_lane_takes_on_as_many_hands_as_the_work_asks_for_and_no_more():
    together, go_on, worked = threading.Barrier(3), threading.Event(), []

    def work(target):
        worked.append(target)
        made.ask_more(target, at_most=2)
        together.wait(SECONDS)
        assert go_on.wait(SECONDS)

    made = Lanes(work)
    made.ask("main")
    together.wait(SECONDS)
    made.ask_more("main", at_most=2)
    go_on.set()
    assert made.settle(SECONDS)
    assert worked == ["main", "main"]


def test_a_target_with_much_to_do_is_asked_by_several_at_once(people, monkeypatch):
    together, fake = threading.Barrier(2), FakeConnector()
    fake.before_answer = lambda _change: together.wait(SECONDS)
    monkeypatch.setattr(targets, "_factories", {"distribution": lambda _registry: fake})
    monkeypatch.setattr(targets, "_principals", [])
    monkeypatch.setattr(tasks, "BATCH", 1)
    registry = make_registry("main", options={"concurrency": 2})
    make_grant(
        members=[people.bob], images=[make_image("team/base", registry=registry)], status="provisioning"
    )
    sweep()
    assert lanes.settle(SECONDS)
    assert states_at("main") == {"verified"}


@pytest.mark.parametrize(("busy", "batches"), [(0, tasks.ROUNDS), (tasks.BATCH // 2 + 1, 1)])
def test_a_hand_leaves_to_others_what_they_are_at(monkeypatch, busy, batches):
    worked = []

    def work(**_said):
        worked.append(1)
        return Batch(tasks.BATCH, busy)

    monkeypatch.setattr(tasks, "work_batch", work)
    tasks.work_target("main")
    assert len(worked) == batches


def test_only_a_batch_that_came_full_calls_for_more_hands(people, connector, now):
    make_grant(members=[people.bob], images=[make_image("team/base")], status="provisioning")
    catch_up(now=now)
    due, calls = Delivery.objects.count(), []
    assert work_batch(now=now, limit=due + 1, full=lambda: calls.append(1)) == Batch(due, 0)
    assert calls == []
    Delivery.objects.update(next_attempt_at=now)
    assert work_batch(now=now, limit=due, full=lambda: calls.append(1)) == Batch(due, 0)
    assert calls == [1]
