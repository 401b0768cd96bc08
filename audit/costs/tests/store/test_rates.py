"""Rates: a preview that is exact, a past that is never changed without being restated, one writer at a time."""

from datetime import date
from decimal import Decimal

import pytest

from audit.costs.errors import CostConflict, CostError, CostNotFound
from audit.costs.gpu_types import change_gpu_type, ensure_types
from audit.costs.models import (
    Capacity,
    CapacityDay,
    GpuType,
    Rate,
    RateRevision,
    Restatement,
    Source,
    TeamDay,
    Usage,
)
from audit.costs.rates import RateChange, preview_rates, publish_rates
from audit.costs.settings import change_settings, cost_settings
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
LATER = NOW + 30 * DAY


def change(price: str | None = "2", since: date = FIRST, gpu_type: str = "l40s", **more: str) -> RateChange:
    return RateChange(gpu_type, since, None if price is None else Decimal(price), **more)


def test_a_revision_reprices_the_days_it_touches(source: Source):
    publish("1")
    bring(source, reading(use(), use(START + DAY), capacity(START + DAY, gpus="2"), days=2))
    publish("3", since=date(2026, 11, 19))
    assert list(TeamDay.objects.order_by("day").values_list("cost", flat=True)) == [1, 3]
    assert (Capacity.objects.get().cost, CapacityDay.objects.get(provisioned_ms__gt=0).unallocated_cost) == (
        6,
        3,
    )
    assert RateRevision.objects.count() == 2


def test_a_price_that_ends_leaves_use_without_a_price(source: Source):
    publish("1")
    bring(source, reading(use()))
    publish(None, since=FIRST)
    row = TeamDay.objects.get()
    assert (row.cost, row.unpriced_ms, Usage.objects.get().rate) == (0, 3_600_000, None)


def test_the_preview_is_what_publishing_does(source: Source):
    publish("1.111111")
    bring(
        source,
        reading(use(gpus="0.142857", project="loans"), use(START + HOUR / 7, gpus="3"), use(gpu_type="a10")),
    )
    changes = [change("2.345678"), change("1", gpu_type="a10", cluster="c1")]
    preview = preview_rates(changes=changes, now=NOW)
    assert (preview.expected_version, preview.days, preview.closed) == (1, (FIRST,), ())
    assert (preview.priced_ms, preview.unpriced_ms) == (3_600_000, 0)
    before = dict(TeamDay.objects.values_list("team", "cost").filter(team="credit"))
    assert before == {"credit": next(one.before for one in preview.teams if one.team == "credit")}
    publish_rates(changes=changes, reason="new", expected_version=1, by=ADA, now=NOW)
    paid: dict[str, Decimal] = {}
    for team, cost in TeamDay.objects.values_list("team", "cost"):
        paid[team] = paid.get(team, Decimal(0)) + cost
    assert {one.team: one.after for one in preview.teams} == paid
    assert preview.after == sum(paid.values())


def test_a_closed_day_that_a_rate_changes_is_restated_with_its_revision(source: Source):
    publish("1")
    bring(source, reading(use(project="loans")))
    assert preview_rates(changes=[change("4")], now=LATER).closed == (FIRST,)
    publish("4", since=FIRST, now=LATER)
    row = Restatement.objects.get()
    assert (row.cause, row.revision, row.team, row.day) == ("rates", 2, "credit", FIRST)
    assert (row.before_cost, row.after_cost, row.before_ms, row.after_ms) == (1, 4, 3_600_000, 3_600_000)


def test_an_open_day_is_not_restated(source: Source):
    publish("1")
    bring(source, reading(use()))
    publish("4", since=FIRST)
    assert not Restatement.objects.exists()


def test_late_use_of_a_closed_day_is_restated_and_a_first_import_is_not(source: Source):
    publish("1")
    bring(source, reading(use(project="loans")), now=LATER)
    assert not Restatement.objects.exists()
    bring(source, reading(use(project="loans"), use(project="loans", workload="late")), now=LATER)
    row = Restatement.objects.get()
    assert (row.cause, row.source, row.team, row.before_cost, row.after_cost) == (
        "late",
        "files",
        "credit",
        1,
        2,
    )


def test_a_revision_prepared_against_an_older_one_is_refused(db: None):
    publish("1")
    with pytest.raises(CostConflict) as refused:
        publish_rates(changes=[change()], reason="x", expected_version=0, by=ADA, now=NOW)
    assert (refused.value.code, refused.value.detail) == ("stale_rates", {"version": 1})
    assert Rate.objects.count() == 1


WRONG = [
    (change(gpu_type="nothing"), "type"),
    (change("-1"), "price"),
    (change("10001"), "price"),
    (change("0.0000001"), "six"),
    (change("NaN"), "price"),
    (change(pricing_class="free"), "class"),
    (change(since=date(1999, 1, 1)), "day"),
]


@pytest.mark.parametrize(("wrong", "word"), WRONG)
def test_a_wrong_rate_is_named(db: None, wrong: RateChange, word: str):
    ensure_types(["L40S"])
    with pytest.raises(CostError) as refused:
        publish_rates(changes=[wrong], reason="x", expected_version=0, by=ADA, now=NOW)
    assert len(refused.value.detail["faults"]) == 1
    assert word in refused.value.detail["faults"][0]


def test_all_that_is_wrong_with_rates_is_told_at_once(db: None):
    ensure_types(["L40S"])
    wrong = [one for one, _word in WRONG]
    with pytest.raises(CostError) as refused:
        publish_rates(changes=[*wrong, change(), change()], reason=" ", expected_version=0, by=ADA, now=NOW)
    assert len(refused.value.detail["faults"]) == len(WRONG) + 2
    assert not RateRevision.objects.exists()


def test_a_publication_is_one_event_with_its_prices(db: None):
    publish("1.5")
    event = Event.objects.get(kind="audit.rates.published")
    assert (event.subject, event.detail["reason"]) == ("rates:1", "test")
    assert event.detail["rates"] == [
        {"gpu_type": "l40s", "cluster": "", "pricing_class": "", "from_day": "2026-01-01", "price": "1.5"}
    ]


def test_an_alias_makes_names_of_later_files_one_type(source: Source):
    ensure_types(["L40S"])
    change_gpu_type(key="l40s", label="L40S 48 GB", aliases=["NVIDIA L40S-48Q", "l40s"], colour=3, by=ADA)
    bring(source, reading(use(gpu_type="l40s-48q")))
    row = GpuType.objects.get()
    assert (row.aliases, row.label, row.colour, TeamDay.objects.get().gpu_type) == (
        ["l40s-48q"],
        "L40S 48 GB",
        3,
        "l40s",
    )


def test_an_alias_of_another_type_is_refused(db: None):
    ensure_types(["L40S", "A100"])
    with pytest.raises(CostConflict):
        change_gpu_type(key="l40s", label="L40S", aliases=["NVIDIA A100"], colour=1, by=ADA)
    with pytest.raises(CostNotFound):
        change_gpu_type(key="h100", label="H100", aliases=[], colour=1, by=ADA)


def test_new_types_take_the_colours_that_are_left(db: None):
    ensure_types(["A", "B"])
    ensure_types(["C", "NVIDIA B", *"DEFGH"])
    assert list(GpuType.objects.order_by("key").values_list("colour", flat=True)) == [0, 1, 2, 3, 4, 5, 6, 6]


def test_settings_change_what_is_named_and_say_so(db: None):
    assert (cost_settings().currency, cost_settings().pk) == ("USD", 1)
    change_settings(currency="EUR", by=ADA)
    change_settings(currency="EUR", by=ADA)
    assert (cost_settings().currency, cost_settings().shared_method) == ("EUR", "none")
    event = Event.objects.get(kind="audit.costs-settings.changed")
    assert event.detail == {"from": {"currency": "USD"}, "to": {"currency": "EUR"}}


def test_settings_with_faults_are_refused_with_all_of_them(db: None):
    with pytest.raises(CostError) as refused:
        change_settings(currency="eur", shared_method="x", active_threshold=Decimal(0), closed_after_days=-1,
                        colour="red", by=ADA)  # fmt: skip
    assert len(refused.value.detail["faults"]) == 5
