"""Activity from windows: the most exact that fits, whichever came first; unknown is unknown, never zero."""

from datetime import timedelta
from decimal import Decimal

import pytest

from audit.costs.models import Restatement, Source, TeamDay, Usage, UsageKey
from audit.costs.rebuilding import rederive
from audit.costs.records import Reading
from audit.costs.settings import change_settings, cost_settings
from audit.costs.tests.store.building import (
    ADA,
    DAY,
    HOUR,
    METRIC,
    NOW,
    START,
    bring,
    measured,
    publish,
    reading,
    use,
    window,
    windows,
)
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=10)
HALF = windows(START, "0.5", "0.04", "0.05", "1", "0", "0.02")
"""Three of six windows are active at 5 %; the mean of all is 0.268333."""


@pytest.fixture
def prometheus(db: None) -> Source:
    """Where activity comes from."""
    return Source.objects.create(key="prometheus", kind="prometheus", name="Prometheus")


def seen() -> tuple[int, int, int, int]:
    """Held, measured, active and busy milliseconds of the only row."""
    return Usage.objects.values_list("held_ms", "measured_ms", "active_ms", "busy_ms").get()


@pytest.mark.parametrize("first", ["use", "activity"])
def test_both_orders_give_the_same(source: Source, prometheus: Source, first: str):
    publish("6")
    steps = [(source, reading(use(gpus="2"))), (prometheus, reading(*HALF))]
    for one, said in steps if first == "use" else reversed(steps):
        bring(one, said)
    assert seen() == (7_200_000, 7_200_000, 3_600_000, 1_932_000)
    row = TeamDay.objects.get()
    assert (row.cost, row.measured_cost, row.idle_cost, row.active_ms) == (12, 12, 6, 3_600_000)
    assert Usage.objects.values_list("key__metric", flat=True).get() == METRIC


def test_use_without_activity_is_not_measured(source: Source):
    bring(source, reading(use()))
    assert seen() == (3_600_000, 0, 0, 0)
    assert UsageKey.objects.get().metric == ""


def test_a_part_of_the_hour_that_nobody_watched_is_not_measured(source: Source, prometheus: Source):
    bring(source, reading(use(START + timedelta(minutes=5), hours=0.5)))
    bring(prometheus, reading(window(START, "1"), window(START + 2 * MINUTES, "0")))
    assert seen() == (1_800_000, 900_000, 300_000, 300_000)


def test_windows_go_before_what_came_with_the_record(source: Source, prometheus: Source):
    bring(source, reading(use(measured=measured("1", "1"), workload="train")))
    bring(prometheus, reading(window(START, "0")))
    assert seen() == (3_600_000, 600_000, 0, 0)


def test_what_came_with_the_record_counts_again_when_the_windows_are_taken_back(
    source: Source, prometheus: Source
):
    bring(source, reading(use(measured=measured("0.5", "0.25"))))
    before = seen(), Usage.objects.values_list("key", "base_id").get()
    bring(prometheus, reading(*windows(START, "0", "0", metric="OTHER")))
    assert Usage.objects.values_list("key__metric", flat=True).get() == "OTHER"
    bring(prometheus, Reading(START, START + DAY, reading(window(START, "0")).facts))
    assert (seen(), Usage.objects.values_list("key", "base_id").get()) == before


def test_a_window_of_the_gpu_and_workload_goes_before_one_of_the_workload_and_one_of_the_gpu(
    source: Source, prometheus: Source
):
    bring(source, reading(use(gpu="GPU-1")))
    gpu = window(START, "0", gpu="GPU-1", namespace="", workload="")
    bring(prometheus, reading(gpu))
    assert seen()[1:3] == (600_000, 0)
    bring(prometheus, reading(gpu, window(START, "0.5")))
    assert seen()[1:] == (600_000, 600_000, 300_000)
    bring(prometheus, reading(gpu, window(START, "0.5"), window(START, "0.01", gpu="GPU-1")))
    assert seen()[1:] == (600_000, 0, 6_000)


def test_a_window_of_another_gpu_or_cluster_says_nothing(source: Source, prometheus: Source):
    bring(source, reading(use(gpu="GPU-1")))
    bring(prometheus, reading(window(START, "1", gpu="GPU-2"), window(START, "1", cluster="c2")))
    assert seen()[1:] == (0, 0, 0)


def test_each_gpu_of_a_workload_counts_by_itself(source: Source, prometheus: Source):
    bring(source, reading(use(gpus="4")))
    bring(prometheus, reading(*(window(START, one, gpu=f"GPU-{n}") for n, one in enumerate(["1", "0", "0"]))))
    # Three of the four were watched, and one of those three worked.
    assert seen()[1:] == (1_800_000, 600_000, 600_000)


def test_another_threshold_looks_at_windows_again(source: Source, prometheus: Source):
    bring(source, reading(use()))
    bring(prometheus, reading(*HALF))
    assert seen()[2] == 1_800_000
    change_settings(active_threshold=Decimal("0.3"), by=ADA)
    assert rederive(by=ADA, now=NOW) is True
    assert seen()[2] == 1_200_000
    assert TeamDay.objects.get().active_ms == 1_200_000
    assert cost_settings().derived_threshold == Decimal("0.3")
    assert rederive(by=ADA, now=NOW) is False
    assert Event.objects.filter(kind="audit.costs.rederived").count() == 1


def test_late_activity_of_a_closed_day_is_restated_only_where_money_or_hours_change(
    source: Source, prometheus: Source
):
    bring(source, reading(use()))
    bring(prometheus, reading(*HALF), now=NOW + 30 * DAY)
    assert not Restatement.objects.exists()


def test_the_row_of_another_hour_is_left_alone(source: Source, prometheus: Source):
    bring(source, reading(use(hours=2)))
    bring(prometheus, reading(window(START + HOUR, "1")))
    rows = Usage.objects.order_by("start").values_list("measured_ms", flat=True)
    assert list(rows) == [0, 600_000]
