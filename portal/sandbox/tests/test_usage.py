"""Made-up use is the same for everybody who asks, fits the machines, and tells the stories it should."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portal.sandbox.usage import (
    Cluster,
    Fleet,
    Node,
    Tenant,
    activity_between,
    capacity_between,
    usage_between,
)
from portal.sandbox.usage.fleet import Runaway

MONDAY = datetime(2026, 8, 31, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IMAGE = (("registry.example.com/train:1", "sha256:" + "a" * 64),)
FRAUD = Tenant("anti-fraud", "fraud-v2", "fraud", ("li.na", "bob.novak"), IMAGE, weight=3)
VISION = Tenant("vision", "defect-v2", "defect", ("sofia.marin",), IMAGE, labelled=False)


def fleet(*, seed: int = 7) -> Fleet:
    nodes = (
        Node("n1", "l40s", 4), Node("n2", "a100", 2, parts=4), Node("n4", "l40s", 4),
        Node("n3", "h100", 8, "reserved", gang=True, owner="defect-v2"),
    )  # fmt: skip
    runaway = Runaway("n4", "fraud-v2", "bob.novak", date(2026, 9, 3), date(2026, 9, 6))
    clusters = (Cluster("main", nodes),)
    return Fleet(seed, (FRAUD, VISION), clusters, (runaway,), missing=frozenset({date(2026, 9, 8)}))


def test_the_same_hours_are_the_same_however_they_are_asked_for():
    whole = list(usage_between(fleet(), MONDAY, MONDAY + 2 * DAY))
    hourly = [
        record
        for n in range(48)
        for record in usage_between(fleet(), MONDAY + n * HOUR, MONDAY + (n + 1) * HOUR)
    ]
    assert whole == hourly
    assert len(whole) > 100
    assert whole != list(usage_between(fleet(seed=8), MONDAY, MONDAY + 2 * DAY))


def test_no_gpu_is_ever_held_more_than_whole():
    held: Counter[tuple[str, datetime]] = Counter()
    for one in usage_between(fleet(), MONDAY, MONDAY + 7 * DAY):
        if one.gpu:
            held[one.gpu, one.start.replace(minute=0)] += one.gpus * Decimal(
                (one.end - one.start).total_seconds()
            )
    assert max(held.values()) <= 3600


def test_weekends_are_quieter_than_working_days():
    def hours(start: datetime, end: datetime) -> float:
        found = usage_between(fleet(), start, end)
        return sum(
            float(one.gpus) * (one.end - one.start).total_seconds() for one in found if one.node == "n1"
        )

    working = hours(MONDAY + 8 * HOUR, MONDAY + 18 * HOUR) / 10
    weekend = hours(MONDAY + 5 * DAY, MONDAY + 7 * DAY) / 48
    assert weekend < working


def test_a_runaway_holds_its_machine_alone_and_busy():
    on_it = [
        one
        for one in usage_between(fleet(), MONDAY + 3 * DAY, MONDAY + 6 * DAY, measured=True)
        if one.node == "n4"
    ]
    assert {one.workload for one in on_it} == {"sweep-do-not-touch"}
    assert sum(one.gpus * Decimal((one.end - one.start).total_seconds()) for one in on_it) == 3 * 86400 * 4
    assert min(one.measured.activity for one in on_it if one.measured) > Decimal("0.5")


def test_nothing_is_known_of_a_missing_day():
    start = datetime(2026, 9, 8, tzinfo=UTC)
    assert list(usage_between(fleet(), start, start + DAY)) == []
    assert list(activity_between(fleet(), start, start + DAY)) == []
    assert list(capacity_between(fleet(), start, start + DAY)) == []


def test_activity_comes_in_windows_of_the_same_jobs():
    windows = list(activity_between(fleet(), MONDAY, MONDAY + 3 * HOUR))
    jobs = {one.workload for one in usage_between(fleet(), MONDAY, MONDAY + 3 * HOUR)}
    assert {one.workload for one in windows} == jobs
    assert {one.start.minute % 10 for one in windows} == {0}


def test_capacity_is_every_gpu_there_is():
    told = list(capacity_between(fleet(), MONDAY, MONDAY + HOUR))
    assert {(one.gpu_type, one.pricing_class): one.gpus for one in told} == {
        ("l40s", "on_demand"): 8, ("a100", "on_demand"): 2, ("h100", "reserved"): 8,
    }  # fmt: skip


def test_an_unlabelled_project_is_told_by_its_namespace_only():
    labels = {one.namespace: dict(one.labels) for one in usage_between(fleet(), MONDAY, MONDAY + DAY)}
    assert labels["defect"] == {}
    assert labels["fraud"]["purser.io/project"] == "fraud-v2"
