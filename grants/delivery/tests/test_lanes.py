"""Targets do not wait for each other: one that does not answer holds up its own lines only."""

import threading

import pytest

from grants.catalogue.testing import make_image, make_registry
from grants.delivery import targets
from grants.delivery.claims import targets_due
from grants.delivery.lanes import Lanes
from grants.delivery.models import Delivery
from grants.delivery.services import catch_up
from grants.delivery.tasks import lanes, sweep
from grants.delivery.tests.fake import FakeConnector
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
