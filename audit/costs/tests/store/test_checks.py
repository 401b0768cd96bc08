"""What is wrong is found, told once, kept while it lasts, and cleared when it is gone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.costs.checks import check_costs, check_nightly, open_violations
from audit.costs.models import Check, Slice, Source, TeamDay, Violation
from audit.costs.signals import violations_found
from audit.costs.tests.store.building import (
    ADA,
    DAY,
    FIRST,
    HOUR,
    NOW,
    START,
    bring,
    capacity,
    publish,
    reading,
    use,
)
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What the signal said."""
    heard: list[dict[str, Any]] = []

    def hear(**said: Any) -> None:
        heard.append(said)

    violations_found.connect(hear)
    yield heard
    violations_found.disconnect(hear)


def check() -> list[tuple[str, str]]:
    found = check_costs(first=None, last=None, by=ADA, now=NOW)
    return sorted((one.kind, one.subject) for one in found)


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_is_right_is_found_right(source: Source):
    publish("2")
    bring(source, reading(use(), use(gpus="0.5", gpu="GPU-1"), capacity(hours=24, gpus="8")))
    assert check() == []
    row = Check.objects.get()
    assert (row.first, row.last, row.rows, row.found) == (FIRST, FIRST, 2, 0)
    assert not Event.objects.filter(kind__startswith="audit.costs-check").exists()


@pytest.mark.parametrize(
    "table",
    [
        "costs_hourtotal",
        "costs_daytotal",
        "costs_teamday",
        "costs_teamtotal",
        "costs_placeday",
        "costs_imageday",
    ],
)
@pytest.mark.parametrize("wrong", ["UPDATE {} SET cost = cost + 0.01", "DELETE FROM {}"])
def test_a_sum_that_is_a_cent_off_is_found(source: Source, table: str, wrong: str):
    publish("2")
    bring(source, reading(use()))
    execute(wrong.format(table))
    assert ("totals", table) in check()


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ("UPDATE costs_usage SET active_ms = -1", "negative"),
        ("UPDATE costs_usage SET measured_ms = held_ms + 1", "negative"),
        ("UPDATE costs_capacityday SET unallocated_cost = -1", "negative"),
        ("UPDATE costs_capacityday SET capacity_cost = capacity_cost + 0.01", "reconciliation"),
        ("UPDATE costs_capacityday SET direct_cost = 0, capacity_cost = 0", "reconciliation"),
    ],
)
def test_a_broken_rule_is_found(source: Source, wrong: str, kind: str):
    publish("2")
    bring(source, reading(use(), capacity()))
    execute(wrong)
    assert kind in {one for one, _subject in check()}


def test_a_gpu_that_is_shared_beyond_one_is_found(source: Source):
    def part(minutes: int, gpus: str) -> Any:
        return use(START + minutes * HOUR / 60, hours=0.5, gpus=gpus, gpu="GPU-1", workload=f"w{minutes}")

    bring(source, reading(part(0, "0.75"), part(30, "0.5"), part(60, "1")))
    assert check() == []
    bring(source, reading(part(0, "0.75"), part(15, "0.5"), part(60, "1")))
    assert check() == [("gpu_shared_beyond_one", "c1/GPU-1")]
    assert open_violations().get().detail["most"] == "1.250000"


def test_an_hour_that_a_source_left_out_is_found(source: Source):
    bring(source, reading(use(), days=0.5))
    bring(source, reading(use(START + 13 * HOUR), start=START + 13 * HOUR, days=0.25))
    assert check() == [("missing_hours", "files/usage")]
    assert open_violations().get().detail["hours"] == 1
    Slice.objects.filter(start=START + 15 * HOUR).delete()
    assert (check(), open_violations().get().detail["hours"]) == ([], 2)


def test_a_violation_is_told_once_and_cleared_when_it_is_gone(
    source: Source, told: list[dict[str, Any]], django_capture_on_commit_callbacks: Callable[..., Any]
):
    bring(source, reading(use()))
    TeamDay.objects.update(held_ms=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert check() == [("totals", "costs_teamday")]
        assert check() == []
    assert [(one["count"], one["first"], one["last"]) for one in told] == [(1, FIRST, FIRST)]
    assert Event.objects.filter(kind="audit.costs-check.failed").count() == 1
    with pytest.raises(CommandError):
        call_command("check_costs")
    call_command("rebuild_costs")
    call_command("check_costs")
    assert Violation.objects.get().cleared_at is not None
    assert not open_violations().exists()


def test_each_night_recent_days_and_some_of_the_older_are_looked_at(source: Source):
    bring(source, reading(use(), days=60))
    TeamDay.objects.update(held_ms=1)
    nights = [check_nightly(by=ADA, now=NOW + (30 + night) * DAY) for night in range(28)]
    assert sum(len(found) for found in nights) == 1


def test_a_night_without_any_data_finds_nothing(db: None):
    assert check_nightly(by=ADA, now=NOW) == []
