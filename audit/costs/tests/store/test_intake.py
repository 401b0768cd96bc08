"""What is brought is stored whole and once; what is brought again replaces, and what has a fault changes nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.costs.errors import CostConflict, CostError
from audit.costs.intake import preview_reading
from audit.costs.models import (
    ActivityWindow,
    Bill,
    Capacity,
    GpuType,
    Load,
    Slice,
    Source,
    TeamDay,
    Usage,
    UsageKey,
    UsagePlace,
)
from audit.costs.records import Facts, PricingClass
from audit.costs.tests.store.building import (
    DAY,
    HOUR,
    NOW,
    START,
    TABLES,
    bill,
    bring,
    capacity,
    measured,
    publish,
    reading,
    sums,
    use,
    window,
)
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db


def test_a_record_is_split_priced_attributed_and_added_up(source: Source):
    publish("2")
    bring(
        source,
        reading(use(START + HOUR / 2, hours=2, gpus="0.25", project="fraud-v2", image="h/a:1", digest="d")),
    )
    rows = Usage.objects.order_by("start").values_list("start", "seconds", "gpus", "held_ms", "rate", "cost")
    quarter = Decimal("0.25")
    assert list(rows) == [
        (START + HOUR / 2, 1800, quarter, 450_000, 2, quarter),
        (START + HOUR, 3600, quarter, 900_000, 2, 2 * quarter),
        (START + 2 * HOUR, 1800, quarter, 450_000, 2, quarter),
    ]
    key = UsageKey.objects.get()
    assert (key.team, key.project, key.repository, key.digest, key.gpu_type, key.matched_by) == (
        "anti-fraud", "fraud-v2", "h/a", "d", "l40s", "label",
    )  # fmt: skip
    assert [sums(table) for table in TABLES] == [{START.date(): (1_800_000, Decimal(1))}] * 4


def test_a_load_is_one_event_with_its_digest(source: Source):
    load = bring(source, reading(use()))
    event = Event.objects.get(kind="audit.usage.loaded")
    assert (event.subject, event.actor) == ("source:files", "person:9")
    assert (event.detail["sha256"], event.detail["rows"], event.detail["changed_slices"]) == (
        load.digest,
        1,
        24,
    )


def test_the_same_again_changes_nothing_and_says_so(source: Source):
    records = [use(), use(workload="other"), use(START + HOUR)]
    bring(source, reading(*records))
    before = list(Usage.objects.order_by("id").values())
    again = bring(source, reading(*reversed(records)))
    assert (again.changed_slices, again.rows) == (0, 3)
    assert list(Usage.objects.order_by("id").values()) == before


def test_a_pull_that_brings_nothing_new_leaves_no_trace(source: Source):
    bring(source, reading(use()), file_name="")
    assert bring(source, reading(use()), file_name="").pk is None
    assert (Load.objects.count(), Event.objects.filter(kind="audit.usage.loaded").count()) == (1, 1)


def test_only_the_hours_that_differ_are_replaced(source: Source):
    bring(source, reading(use(), use(START + HOUR)))
    kept = Usage.objects.get(start=START).id
    assert bring(source, reading(use(), use(START + HOUR, gpus="2"))).changed_slices == 1
    assert Usage.objects.get(start=START).id == kept
    assert sums("costs_teamday") == {START.date(): (3 * 3_600_000, 0)}


def test_a_time_that_comes_again_without_rows_is_empty(source: Source):
    bring(source, reading(use()))
    assert bring(source, reading()).changed_slices == 1
    assert [sums(table) for table in TABLES] == [{}] * 4
    assert Slice.objects.get(start=START).rows == 0


def test_late_data_adds_to_what_other_times_have(source: Source):
    bring(source, reading(use()))
    bring(source, reading(use(START + DAY), start=START + DAY))
    assert sums("costs_daytotal").keys() == {START.date(), (START + DAY).date()}
    source.refresh_from_db()
    assert source.complete_through == START + 2 * DAY


def test_a_time_that_is_not_complete_moves_nothing_on(source: Source):
    bring(source, reading(use(), complete=False))
    source.refresh_from_db()
    assert source.complete_through is None


FAULTS = [
    (use(hours=-1), "bad_time"),
    (use(START - HOUR), "outside"),
    (use(gpus="0"), "bad_number"),
    (use(gpus="NaN"), "bad_number"),
    (use(cluster=" "), "missing"),
    (use(gpu_type="?"), "bad_text"),
    (use(gpu_type=""), "missing"),
    (use(workload="w" * 251), "too_long"),
    (use(node="a\0"), "bad_text"),
    (use(pricing_class="free"), "bad_class"),
    (use(measured=measured("1.1", "0")), "bad_number"),
    (use(measured=measured("1", "1.5")), "bad_number"),
    (use(datetime(2026, 11, 18)), "bad_time"),  # noqa: DTZ001
    (window(START + timedelta(minutes=5), "1"), "bad_window"),
    (window(START, "2"), "bad_number"),
    (window(START, "1", workload=""), "missing"),
    (capacity(gpus="-1"), "bad_number"),
    (bill(START.date() - DAY), "outside"),
    (bill(credits=Decimal(1)), "bad_number"),
    (bill(currency=""), "missing"),
]


@pytest.mark.parametrize(("record", "code"), FAULTS)
def test_a_fault_is_named_with_its_line(source: Source, record: object, code: str):
    with pytest.raises(CostError) as refused:
        bring(source, reading(use(), record, facts=set(Facts)))
    assert (refused.value.code, len(refused.value.detail["faults"])) == ("bad_readings", 1)
    assert refused.value.detail["faults"][0].startswith("Line 2: ")


def test_all_faults_are_told_at_once_and_nothing_is_stored(source: Source):
    records = [record for record, _code in FAULTS]
    with pytest.raises(CostError) as refused:
        bring(source, reading(use(), *records, facts=set(Facts)))
    assert [text.split(":")[0] for text in refused.value.detail["faults"]] == [
        f"Line {n + 2}" for n in range(len(FAULTS))
    ]
    assert not any(model.objects.exists() for model in (Usage, Slice, Load, UsageKey, UsagePlace))


def test_a_reading_that_is_not_made_of_hours_is_refused(source: Source):
    with pytest.raises(CostError):
        bring(source, reading(start=START + HOUR / 2))


def test_a_record_that_was_not_announced_is_refused(source: Source):
    with pytest.raises(CostError):
        bring(source, reading(use(), facts={Facts.CAPACITY}))


def test_two_sources_may_not_report_one_cluster(source: Source):
    other = Source.objects.create(key="other", kind="opencost", name="Other")
    bring(source, reading(use()))
    with pytest.raises(CostConflict) as refused:
        bring(other, reading(use()))
    assert (refused.value.code, len(refused.value.detail["faults"])) == ("claimed", 1)
    assert not Slice.objects.filter(source=other).exists()
    bring(other, reading(use(cluster="c2")))
    bring(other, reading(window(START, "1")))


def test_names_of_one_type_are_one_type(source: Source):
    names = ("NVIDIA-L40S", "nvidia-l40s", "L40S", "NVIDIA L40S")
    bring(source, reading(*(use(gpu_type=name) for name in names)))
    assert [(one.key, one.label) for one in GpuType.objects.all()] == [("l40s", "L40S")]
    assert TeamDay.objects.get().held_ms == 4 * 3_600_000


def test_every_kind_of_fact_is_kept(source: Source):
    publish("2")
    facts = reading(
        use(), window(START, "0.5", memory_used=7), capacity(gpus="8"), bill(description="a\\b\u00a0c")
    )
    bring(source, facts)
    row = Capacity.objects.get()
    assert (row.provisioned_ms, row.rate, row.cost) == (8 * 3_600_000, 2, 16)
    assert (ActivityWindow.objects.get().activity, ActivityWindow.objects.get().memory_used) == (
        Decimal("0.5"),
        7,
    )
    assert (Bill.objects.get().description, Bill.objects.get().cost) == ("a\\b\u00a0c", 2)


def test_use_without_a_price_is_kept_without_cost(source: Source):
    bring(source, reading(use()))
    row = TeamDay.objects.get()
    assert (row.cost, row.unpriced_ms) == (0, 3_600_000)


def test_what_came_with_a_record_counts_by_its_length(source: Source):
    publish("4")
    bring(source, reading(use(hours=1.5, gpus="2", measured=measured("0.25", "0.5"))))
    rows = Usage.objects.order_by("start").values_list(
        "measured_ms", "active_ms", "busy_ms", "given_active_ms"
    )
    assert list(rows) == [
        (7_200_000, 2_400_000, 1_800_000, 1_200_000),
        (3_600_000, 1_200_000, 900_000, 600_000),
    ]
    row = TeamDay.objects.get()
    assert (row.cost, row.measured_cost, row.idle_cost) == (12, 12, 8)


def test_a_preview_shows_what_would_change_and_changes_nothing(source: Source):
    publish("2")
    bring(source, reading(use()))
    preview = preview_reading(source=source, readings=[reading(use(gpus="2"), use(START + HOUR))], now=NOW)
    assert [
        (one.day, one.before.rows, one.after.rows, one.before.cost, one.after.cost) for one in preview.days
    ] == [(START.date(), 1, 2, 2, 6)]
    assert (Usage.objects.count(), Load.objects.count()) == (1, 1)


def test_a_preview_names_all_faults(source: Source):
    preview = preview_reading(source=source, readings=[reading(use(gpus="0"), use(gpus="-1"))], now=NOW)
    assert (preview.days, len(preview.faults)) == ((), 2)


def test_the_number_of_statements_does_not_grow_with_the_rows(source: Source):
    publish("2")
    counts = []
    for many in (1, 400):
        records = [
            use(START + n % 24 * HOUR, workload=f"w{n}", pricing_class=PricingClass.SPOT) for n in range(many)
        ]
        with CaptureQueriesContext(connection) as captured:
            bring(source, reading(*records))
        counts.append(len(captured))
    assert abs(counts[1] - counts[0]) <= 3
    assert Usage.objects.count() == 400


def test_days_that_no_partition_can_hold_are_refused(source: Source):
    with pytest.raises(CostError) as refused:
        bring(source, reading(start=datetime(1999, 1, 1, tzinfo=UTC)))
    assert refused.value.code == "bad_period"
