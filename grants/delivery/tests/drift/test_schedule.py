"""When targets are looked at, and by whom: the rows are the queue."""

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from grants.catalogue.testing import make_registry
from grants.connectors.errors import Transient
from grants.delivery import targets
from grants.delivery.drift_clock import LEASE, take_due
from grants.delivery.drift_selectors import drift_of_targets
from grants.delivery.drift_tasks import lanes, scan_due, scan_target
from grants.delivery.models import TargetScan
from grants.delivery.tests.drift.conftest import DriftingConnector

SECONDS = 20.0

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("planned", "keeper", "registry"),
]


def test_a_target_never_looked_at_is_due_and_handed_out_once(clock):
    [one] = drift_of_targets()
    assert one.looked.last is None
    assert take_due(now=clock.at) == ["keeper"]
    assert take_due(now=clock.at) == []
    assert take_due(now=clock.at + LEASE) == ["keeper"]


def test_next_look_is_an_interval_away_give_or_take_a_tenth(clock, settings):
    settings.DRIFT_SECONDS = 600
    clock.scan()
    pause = TargetScan.objects.get().next_at - clock.at
    assert timedelta(seconds=540) <= pause <= timedelta(seconds=660)
    assert take_due(now=clock.at) == []


def test_task_scans_its_target_and_leaves_unknown_ones_alone():
    scan_target("nowhere")
    scan_target("keeper")
    assert TargetScan.objects.get().finished_at is not None


def test_silent_systems_hold_up_neither_each_other_nor_the_task(monkeypatch, keeper):
    go, asked = threading.Event(), threading.Semaphore(0)

    class Silent(DriftingConnector):
        def observe(self, scope):
            asked.release()
            assert go.wait(SECONDS)
            raise Transient("It does not answer.")

    connectors = {"a-silent": Silent(), "b-silent": Silent(), "keeper": keeper}
    monkeypatch.setattr(targets, "_factories", {"keeping": lambda registry: connectors[registry.key]})
    for key in ("a-silent", "b-silent"):
        make_registry(key, kind="keeping")
    scan_due()
    try:
        assert all(asked.acquire(timeout=SECONDS) for _ in range(2))
        assert lanes._made["keeper"].settled(SECONDS)
        assert list(TargetScan.objects.exclude(finished_at=None).values_list("target", flat=True)) == [
            "keeper"
        ]
    finally:
        go.set()
        assert lanes.settle(SECONDS)
    errors = TargetScan.objects.exclude(error="").order_by("target").values_list("target", "error")
    assert list(errors) == [("a-silent", "It does not answer."), ("b-silent", "It does not answer.")]


def test_command_says_what_it_found(give, clock, keeper, capsys):
    give("bob")
    clock.work()
    call_command("scan_drift", "keeper")
    assert capsys.readouterr().out.startswith("keeper: 4 wanted, 4 there, 0 vanished, ")


def test_command_fails_where_a_target_does_not_answer(keeper, capsys):
    keeper.answers = [Transient("Busy.")]
    with pytest.raises(CommandError, match="Could not be looked at: keeper"):
        call_command("scan_drift")
    assert capsys.readouterr().out == "keeper: Busy.\n"
    with pytest.raises(CommandError, match="There is no target nowhere"):
        call_command("scan_drift", "nowhere")
