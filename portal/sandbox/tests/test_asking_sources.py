"""What asks OpenCost, Prometheus and BigQuery, against stand-ins that speak their wire and fail as told."""

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from audit.costs.records import ActivityRecord, BillRecord, CapacityRecord, Facts, UsageRecord
from audit.costs.sources.errors import Malformed, Permanent, Transient
from audit.costs.sources.pullers import puller_of
from portal.sandbox.bigquery.app import BigQuery
from portal.sandbox.faults import Fault, FaultKind
from portal.sandbox.metering import Meter, gpu_hours
from portal.sandbox.opencost.app import OpenCost
from portal.sandbox.prometheus.app import Prometheus
from portal.sandbox.standin import running
from portal.sandbox.usage import Cluster, Fleet, Node, Tenant

pytestmark = pytest.mark.enable_loopback

FRAUD = Tenant(
    "fraud", "anti-fraud", "anti-fraud", ("alice", "bob"), (("host/train:1", "sha256:" + "a" * 64),)
)
VISION = Tenant(
    "vision", "defect", "defect", ("charlie",), (("host/see:1", "sha256:" + "b" * 64),), labelled=False
)
NODES = (Node("n1", "l40s", 4), Node("n2", "l4", 2, "spot"), Node("n3", "l40s", 1, parts=4))
METER = Meter.of_fleet(Fleet(7, (FRAUD, VISION), (Cluster("gpu-eu", NODES),)))
TABLE = "ml-platform.billing.gcp_billing_export_resource_v1_01AB23_45CD67_89EF01"
DAY = datetime(2026, 9, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = DAY + timedelta(hours=14, minutes=7)


@contextmanager
def asking(standin, kind, **options):
    with running(standin) as base:
        where = {"table": TABLE, "endpoint": base} if kind == "google" else {"url": base}
        puller = puller_of(kind, {**where, **options}, lambda reference: reference)
        try:
            yield puller
        finally:
            puller.close()


def readings(puller, cursor=None, now=NOW):
    return [one for step in puller.steps(cursor=cursor, now=now) for one in step.readings]


def of(found, kind):
    return [record for one in found for record in one.records if isinstance(record, kind)]


def held(records):
    sums = Counter()
    for one in records:
        sums[one.namespace, one.gpu_type, one.pricing_class] += gpu_hours(one)
    return {key: round(value, 3) for key, value in sums.items()}


def there(records):
    sums = Counter()
    for one in records:
        sums[one.gpu_type, one.pricing_class] += gpu_hours(one)
    return {key: round(value, 3) for key, value in sums.items()}


def test_opencost_is_asked_hour_by_hour_and_says_what_was_held_and_there():
    with asking(OpenCost(METER), "opencost", back_fill_days=0) as puller:
        steps = list(puller.steps(cursor=DAY + 10 * HOUR, now=NOW))
    found = [one for step in steps for one in step.readings]
    assert [one.start for one in found] == [DAY + n * HOUR for n in range(8, 14)]
    assert [one.complete for one in found] == [True] * 4 + [False] * 2
    assert [step.cursor for step in steps][-1] == DAY + 14 * HOUR
    assert [step.through for step in steps][-1] == DAY + 12 * HOUR
    first, last = DAY + 8 * HOUR, DAY + 14 * HOUR
    assert held(of(found, UsageRecord)) == held(METER.usage(first, last))
    assert there(of(found, CapacityRecord)) == there(METER.capacity(first, last))


def test_opencost_asked_a_day_at_a_time_gives_the_same_hours():
    with asking(OpenCost(METER), "opencost", step="day", assets=False) as puller:
        found = readings(puller, cursor=DAY + 2 * HOUR, now=DAY + 24 * HOUR)
    assert len(found) == 24
    used = of(found, UsageRecord)
    assert round(sum(gpu_hours(one) for one in used), 2) == round(
        sum(gpu_hours(one) for one in METER.usage(DAY, DAY + 24 * HOUR)), 2
    )


def test_opencost_without_assets_leaves_a_note_and_counts_by_idle_cost_where_it_can():
    with asking(OpenCost(METER, assets=False), "opencost") as puller:
        found = readings(puller, cursor=DAY + 13 * HOUR)
    assert all(one.facts == {Facts.USAGE} for one in found if len({r.gpu_type for r in one.records}) > 1)
    assert any("nodes" in str(note) for one in found for note in one.notes)


def test_back_fill_is_bounded_and_goes_on_where_it_was_left():
    with asking(OpenCost(METER), "opencost", back_fill_days=2, steps_per_run=5) as puller:
        steps = list(puller.steps(cursor=None, now=NOW))
        more = list(puller.steps(cursor=steps[-1].cursor, now=NOW))
    assert len(steps) == 5
    assert more[-1].cursor - steps[-1].cursor == 5 * HOUR


def test_hours_nobody_knows_are_unknown_and_not_zero():
    standin = OpenCost(METER)
    standin.silence = (DAY + 9 * HOUR, DAY + 11 * HOUR)
    with asking(standin, "opencost") as puller:
        found = readings(puller, cursor=DAY + 10 * HOUR)
    assert [one.start.hour for one in found] == [8, 11, 12, 13]


def test_source_that_knows_nothing_of_the_newest_hours_is_failing_and_asked_again():
    standin = OpenCost(METER)
    standin.silence = (DAY + 9 * HOUR, DAY + 30 * HOUR)
    kept = []
    with asking(standin, "opencost") as puller, pytest.raises(Transient, match="since 2026-09-02 09:00 UTC"):
        kept += [step.cursor for step in puller.steps(cursor=DAY + 10 * HOUR, now=NOW)]
    standin.silence = None
    with asking(standin, "opencost") as puller:
        assert readings(puller, cursor=DAY + 9 * HOUR)[-1].start == DAY + 13 * HOUR


def test_cluster_that_may_be_empty_held_nothing():
    standin = OpenCost(METER)
    standin.silence = (DAY + 9 * HOUR, DAY + 30 * HOUR)
    with asking(standin, "opencost", may_be_empty=True, assets=False) as puller:
        found = readings(puller, cursor=DAY + 13 * HOUR)
    assert [(one.facts, one.records) for one in found] == [(frozenset({Facts.USAGE}), ())] * 3


def test_only_the_kinds_asked_for_are_taken():
    with asking(OpenCost(METER), "opencost", facts=["usage"]) as puller:
        found = readings(puller, cursor=DAY + 13 * HOUR)
    assert {one.facts for one in found} == {frozenset({Facts.USAGE})}
    assert of(found, CapacityRecord) == []


def test_prometheus_says_activity_in_windows_and_the_gpus_that_were_there():
    with asking(Prometheus(METER), "prometheus") as puller:
        found = readings(puller, cursor=DAY + 10 * HOUR)
    first, last = DAY + 8 * HOUR, DAY + 14 * HOUR
    seen = {(one.gpu, one.workload, one.start): one for one in of(found, ActivityRecord) if one.workload}
    known = {(one.gpu, one.workload, one.start): one for one in METER.activity(first, last)}
    assert seen.keys() == known.keys()
    assert all(seen[key].activity == known[key].activity for key in known)
    assert {one.metric for one in seen.values()} == {"DCGM_FI_PROF_GR_ENGINE_ACTIVE"}
    count = sum(gpu_hours(one) for one in of(found, CapacityRecord))
    assert round(count, 6) == sum(gpu_hours(one) for one in METER.capacity(first, last))


def test_metric_that_says_most_is_used_gpu_by_gpu():
    def has(metric, record):
        old, util = record.node == "n2", metric in ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED")
        return util if old else util or metric == "DCGM_FI_PROF_SM_ACTIVE"

    with asking(Prometheus(METER, has=has), "prometheus") as puller:
        found = readings(puller, cursor=DAY + 13 * HOUR)
    metrics = {(one.node, one.metric) for one in of(found, ActivityRecord) if one.workload}
    assert metrics <= {
        ("n1", "DCGM_FI_PROF_SM_ACTIVE"),
        ("n3", "DCGM_FI_PROF_SM_ACTIVE"),
        ("n2", "DCGM_FI_DEV_GPU_UTIL"),
    }
    assert len(metrics) >= 2
    assert any("GPU_UTIL" in str(note) for one in found for note in one.notes)


def google(**kwargs):
    return BigQuery(METER, now=NOW, **kwargs)


def test_bigquery_days_that_changed_are_read_whole():
    with asking(google(), "google", back_fill_days=3) as puller:
        steps = list(puller.steps(cursor=None, now=NOW))
    found = [one for step in steps for one in step.readings]
    assert [one.start.date() for one in found] == [date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 1)]
    assert all(one.facts == {Facts.USAGE, Facts.CAPACITY, Facts.BILL} for one in found)
    assert (steps[-1].cursor, steps[-1].through) == (
        datetime(2026, 9, 2, 14, tzinfo=UTC),
        datetime(2026, 8, 30, tzinfo=UTC),
    )
    whole = datetime(2026, 8, 30, tzinfo=UTC), datetime(2026, 8, 31, tzinfo=UTC)
    assert held(of(found[:1], UsageRecord)) == {
        (namespace, f"nvidia-{kind}", bought): hours
        for (namespace, kind, bought), hours in held(METER.usage(*whole)).items()
    }
    assert sum(there(of(found[:1], CapacityRecord)).values()) == sum(there(METER.capacity(*whole)).values())
    bill = of(found[:1], BillRecord)
    assert sum(one.credits for one in bill) == -sum(one.cost for one in bill) / 10


def test_bigquery_day_that_got_rows_later_is_read_again_and_no_other():
    standin = google()
    with asking(standin, "google", back_fill_days=10) as puller:
        cursor = list(puller.steps(cursor=None, now=NOW))[-1].cursor
        standin.late[datetime(2026, 8, 26, 5, tzinfo=UTC)] = cursor + HOUR
        standin.now = NOW + 2 * HOUR
        steps = list(puller.steps(cursor=cursor, now=NOW + 2 * HOUR))
    days = [one.start.date() for step in steps for one in step.readings]
    assert date(2026, 8, 26) in days
    assert set(days) <= {date(2026, 8, 26), date(2026, 9, 1)}
    assert steps[-1].cursor == cursor + 2 * HOUR


def test_bigquery_back_fill_goes_on_with_the_next_days():
    with asking(google(), "google", back_fill_days=6, steps_per_run=2) as puller:
        first = list(puller.steps(cursor=None, now=NOW))
        second = list(puller.steps(cursor=first[-1].cursor, now=NOW))
    assert [step.readings[0].start.day for step in first] == [27, 28]
    assert [step.readings[0].start.day for step in second if step.readings] == [29, 30]
    assert first[-1].through is None


def test_bigquery_query_that_would_read_too_much_is_not_run():
    standin = google()
    with asking(standin, "google", maximum_bytes=10**7, back_fill_days=400) as puller:
        standin._days = lambda since, first: [{"day": DAY.date(), "exported": NOW}] * 20_000
        with pytest.raises(Permanent, match="maximum_bytes"):
            readings(puller)
    assert [call[0] for call in standin.schedule.calls] == ["POST"]


@pytest.mark.parametrize(
    ("kind", "standin"),
    [("opencost", OpenCost(METER)), ("prometheus", Prometheus(METER)), ("google", google())],
    ids=["opencost", "prometheus", "google"],
)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(FaultKind.THROTTLED, seconds=42), Transient),
        (Fault(FaultKind.BROKEN), Transient),
        (Fault(FaultKind.RESET), Transient),
        (Fault(FaultKind.SLOW, seconds=5), Transient),
    ],
    ids=lambda one: str(one.kind) if isinstance(one, Fault) else "",
)
def test_fault_of_a_source_is_transient_and_the_next_run_works(kind, standin, fault, error):
    standin.schedule.faults[:] = [Fault(fault.kind, seconds=fault.seconds)]
    options = {"back_fill_days": 2} if kind == "google" else {}
    cursor = None if kind == "google" else DAY + 13 * HOUR
    with asking(standin, kind, timeout=2, **options) as puller:
        with pytest.raises(error) as caught:
            readings(puller, cursor=cursor)
        assert "127.0.0.1" not in str(caught.value)
        if fault.kind == FaultKind.THROTTLED:
            assert caught.value.retry_after == 42
        assert readings(puller, cursor=cursor)


@pytest.mark.parametrize("kind", ["opencost", "prometheus", "google"])
def test_garbage_is_not_understood_and_not_stored(kind):
    standin = {"opencost": OpenCost, "prometheus": Prometheus, "google": BigQuery}[kind](METER)
    standin.garbage = 1
    with asking(standin, kind) as puller, pytest.raises((Malformed, Transient)):
        readings(puller, cursor=DAY + 13 * HOUR)


def test_fractions_on_one_gpu_add_up_to_no_more_than_it():
    with asking(OpenCost(METER), "opencost") as puller:
        used = of(readings(puller, cursor=DAY + 10 * HOUR), UsageRecord)
    shared = Counter()
    for one in used:
        if one.gpus < 1:
            shared[one.gpu, one.start] += one.gpus
    assert shared
    assert all(total <= Decimal(1) for total in shared.values())
