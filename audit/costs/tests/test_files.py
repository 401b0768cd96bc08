"""Files of every format, shaped like real ones: what they say, and that all forms of one bill say the same."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from audit.costs.exporting import columns_of
from audit.costs.records import (
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Facts,
    Measured,
    PricingClass,
    UsageRecord,
)
from audit.costs.sources.files import read_file

SAMPLES = Path(__file__).parent / "samples"
D = Decimal
GPU = "GPU-0b8c9d1e-77aa-4f10-9c2b-3de1f00000"


def sample(name, **kwargs):
    return read_file((SAMPLES / name).read_bytes(), name=name, **kwargs)


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def of(readings, kind):
    return [one for reading in readings for one in reading.records if isinstance(one, kind)]


def hours(record):
    return record.gpus * D((record.end - record.start) / timedelta(hours=1))


def held(readings):
    found = Counter()
    for one in of(readings, UsageRecord):
        found[one.namespace] += hours(one)
    return dict(found)


def test_opencost_steps_become_hours_with_use_and_what_was_there():
    readings = sample("opencost.json")
    assert [(one.start, one.end, one.facts) for one in readings] == [
        (at(2, 8), at(2, 9), frozenset({Facts.USAGE, Facts.CAPACITY})),
        (at(2, 9), at(2, 10), frozenset({Facts.USAGE, Facts.CAPACITY})),
    ]
    assert held(readings) == {"anti-fraud": D("8.5"), "defect": D("2.5")}
    # 4.95 US$ of idle at 1.80 US$ an hour are 2.75 GPUs beside the 5.25 that were held; then 4.05 beside 5.75.
    assert [hours(one) for one in of(readings, CapacityRecord)] == [D(8), D(8)]


def test_opencost_fractions_labels_and_gpu_come_along():
    first = sample("opencost.json")[0]
    trainer, notebook, server = (one for one in first.records if isinstance(one, UsageRecord))
    assert (trainer.gpus, trainer.gpu_type, trainer.container) == (D(4), "nvidia-l40s", "trainer")
    assert trainer.labels["purser_io_project"] == "anti-fraud-v2"
    assert (notebook.labels["purser_io_team"], notebook.gpu) == ("vision", f"{GPU}04")
    assert (server.gpus, server.workload) == (D("0.25"), "serve-small-5d9f7-abcde")


def test_opencost_numbers_that_are_not_known_are_worked_out_or_left_out():
    late = [one for one in sample("opencost.json")[1].records if isinstance(one, UsageRecord)]
    evaluated = late[-1]
    assert (evaluated.start, evaluated.end, evaluated.gpus) == (at(2, 9, 20), at(2, 9, 50), D(1))
    assert not any("crashed" in one.workload for one in late)


@pytest.mark.parametrize("name", ["google.jsonl", "google.csv", "google.parquet"])
def test_google_rows_say_the_same_in_every_form(name):
    readings = sample(name)
    assert [(one.start, one.currency) for one in readings] == [(at(2, 0), "USD"), (at(3, 0), "USD")]
    assert all(one.facts == {Facts.USAGE, Facts.CAPACITY, Facts.BILL} for one in readings)
    assert held(readings) == {"anti-fraud": D(16), "defect": D(6), "goog-k8s-unknown": D(2), "": D(1)}
    assert sum(hours(one) for one in of(readings, CapacityRecord)) == D(25 + 6)


def test_google_namespaces_that_nobody_is_in_are_there_but_not_held():
    readings = sample("google.jsonl")
    assert "kube:unallocated" not in held(readings)
    there = [one for one in of(readings, CapacityRecord) if one.start == at(2, 10)]
    assert [(one.gpus, one.cluster, one.gpu_type) for one in there] == [(D(8), "gpu-eu", "nvidia-l4")]


def test_google_corrections_are_netted_with_what_they_correct():
    day = [one for one in of(sample("google.jsonl"), UsageRecord) if one.start == at(3, 8)]
    assert [(one.gpus, one.workload) for one in day] == [(D(3), "train-fraud")]


def test_google_labels_are_looked_up_by_key_and_keep_the_pods_own_names():
    first = of(sample("google.jsonl"), UsageRecord)[0]
    assert first.labels == {
        "purser.io/project": "anti-fraud-v2",
        "purser.io/person": "alice",
        "cost-centre": "4711",
    }
    assert (first.pricing_class, first.node) == ("committed", "gke-gpu-eu-1")
    spot = next(one for one in of(sample("google.jsonl"), UsageRecord) if one.workload == "sweep")
    assert spot.pricing_class == PricingClass.SPOT


def test_google_bills_hold_credits_commitments_and_licences_without_counting_their_hours():
    bills = {
        (one.day.day, one.sku): one for one in of(sample("google.jsonl"), BillRecord) if one.cluster != "x"
    }
    gpus = bills[(2, "8C11-2D0E-9A01")]
    assert (gpus.cost, gpus.credits, gpus.hours) == (D("14.56"), D("-0.95"), D(26))
    assert (bills[(3, "C0FF-EE00-0001")].hours, bills[(3, "C0FF-EE00-0001")].cost) == (D(0), D("16.8"))
    assert bills[(3, "1CE0-0000-0001")].hours == D(0)
    assert {one.invoice_month for one in bills.values()} == {"202603"}
    assert not any("Core" in one.description for one in bills.values())


def test_focus_rows_become_use_and_bill_by_category():
    readings = sample("focus-1.2.csv")
    assert {one.format_version for one in readings} == {"focus-1.2"}
    used = of(readings, UsageRecord)
    assert [(one.gpus, one.cluster, one.namespace, one.pricing_class) for one in used] == [
        (D(4), "gpu-us", "anti-fraud", "on_demand"),
        (D(1), "gpu-us", "defect", "spot"),
        (D(1), "gpu-us", "", "committed"),
    ]
    assert used[0].labels["gpu-job"] == "true"
    bills = of(readings, BillRecord)
    assert sum(one.cost for one in bills) == D("520.10")
    assert [one.credits for one in bills if one.credits] == [D("-1.5")]
    assert bills[0].day == date(2026, 3, 1)


def test_plain_rows_are_cut_at_midnight_and_carry_activity():
    readings = sample("plain.csv")
    assert [one.facts for one in readings] == [{Facts.USAGE, Facts.CAPACITY}, {Facts.USAGE}]
    train, *shared = of(readings, UsageRecord)
    assert train.measured == Measured(D("0.83"), D("3.5"), "DCGM_FI_PROF_GR_ENGINE_ACTIVE", 40960)
    assert train.labels == {"purser.io/project": "anti-fraud-v2", "purser.io/person": "alice"}
    assert [(one.start, one.end, one.gpus) for one in shared] == [
        (at(2, 21), at(3, 0), D("0.25")),
        (at(3, 0), at(3, 1), D("0.25")),
    ]
    assert shared[0].labels == {"purser.io/team": "vision", "purser.io/person": "bob"}


def test_dcgm_series_become_means_of_ten_minutes_by_the_metric_that_says_most():
    readings = sample("dcgm.json")
    seen = [
        (one.start.minute, one.gpu[-4:], one.activity, one.metric[5:]) for one in of(readings, ActivityRecord)
    ]
    assert seen == [
        (0, "0000", D("0.8"), "FI_PROF_GR_ENGINE_ACTIVE"),
        (0, "0001", D("0.5"), "FI_DEV_GPU_UTIL"),
        (0, "02/3", D("0.5"), "FI_PROF_GR_ENGINE_ACTIVE"),
        (0, "02/4", D("0.02"), "FI_PROF_GR_ENGINE_ACTIVE"),
        (10, "0000", D("0.05"), "FI_PROF_GR_ENGINE_ACTIVE"),
        (10, "0001", D("0.07"), "FI_DEV_GPU_UTIL"),
        (10, "02/3", D("0.5"), "FI_PROF_GR_ENGINE_ACTIVE"),
        (10, "02/4", D("0.02"), "FI_PROF_GR_ENGINE_ACTIVE"),
    ]
    # The window in which every sample is NaN is not measured, rather than idle; two MIG instances are one GPU.
    assert [(one.gpus, one.start, one.end) for one in of(readings, CapacityRecord)] == [
        (D(3), at(2, 8), at(2, 8, 20))
    ]


def test_dcgm_knows_the_pod_and_not_the_exporter():
    first, idle, shared = of(sample("dcgm.json"), ActivityRecord)[:3]
    assert (first.namespace, first.workload, first.memory_used) == ("anti-fraud", "train-fraud-x9k2f", 40960)
    assert (idle.namespace, idle.workload) == ("", "")
    assert (shared.namespace, shared.workload) == ("defect", "serve-small-5d9f7-abcde")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_csv_is_read_in_the_encodings_that_programs_write(encoding):
    text = (
        "start;end;cluster;gpu_type;gpus;person\n2026-03-02T08:00:00Z;2026-03-02T09:00:00Z;北京;l40s;1;王芳\n"
    )
    (found,) = of(read_file(text.encode(encoding), name="use.csv"), UsageRecord)
    assert (found.cluster, found.labels) == ("北京", {"purser.io/person": "王芳"})


def test_a_format_that_was_named_is_kept_to():
    assert sample("plain.csv", format="csv") == sample("plain.csv")


def ours(**cells):
    row = dict.fromkeys(columns_of("focus"), "")
    row |= {
        "BilledCost": "43.2", "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeDescription": "GPU time held",
        "ChargePeriodStart": "2026-03-02T00:00:00Z", "ChargePeriodEnd": "2026-03-03T00:00:00Z",
        "EffectiveCost": "43.2", "PricingQuantity": "24", "PricingUnit": "GPU-Hours", "ServiceName": "GPU",
        "RegionId": "gpu-eu", "SubAccountId": "vision", "Tags": '{"project": "defect", "image": "host/see:1"}',
        "x_GpuType": "l40s", "x_HeldGpuHours": "24", "x_RateCardVersion": "3", "x_UserId": "person:7",
    }  # fmt: skip
    return row | cells


def test_our_own_export_comes_back_as_use_and_not_as_an_invoice():
    unused = ours(CapacityReservationStatus="Unused", CapacityReservationId="r1", ConsumedQuantity="")
    rows = [ours(), unused]
    into = io.StringIO()
    writer = csv.DictWriter(into, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (reading,) = read_file(into.getvalue().encode("utf-8-sig"), name="costs.csv")
    (used,) = of([reading], UsageRecord)
    assert (used.gpus, used.cluster, used.image) == (D(1), "gpu-eu", "host/see:1")
    assert {name: used.labels[f"purser.io/{name}"] for name in ("project", "team", "person")} == {
        "project": "defect", "team": "vision", "person": "person:7"
    }  # fmt: skip
    assert [(one.gpus, one.pricing_class) for one in of([reading], CapacityRecord)] == [(D(1), "reserved")]
    assert of([reading], BillRecord) == []
