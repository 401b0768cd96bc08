"""What was provisioned and reserved: parts are never negative, add up, and say nothing where nobody spoke."""

from datetime import date
from decimal import Decimal

import pytest

from audit.costs.errors import CostError, CostNotFound
from audit.costs.models import CapacityDay, ReservationDay, Restatement, Source, Usage
from audit.costs.overheads import remove_overhead, set_overhead
from audit.costs.reservations import ReservationTerms, remove_reservation, set_reservation
from audit.costs.rules import broken
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
H = 3_600_000


def terms(name: str = "pool", team: str = "anti-fraud", gpus: int = 2, **more: object) -> ReservationTerms:
    return ReservationTerms(
        name=name, team=team, cluster="c1", gpu_type="l40s", gpus=gpus, starts=FIRST, **more
    )


def reserved(**more: object) -> object:
    return use(pricing_class="reserved", **more)


def day_of(pricing_class: str = "on_demand") -> tuple[int, ...]:
    """Provisioned, held, unused, unallocated and over, in GPU hours."""
    row = CapacityDay.objects.get(pricing_class=pricing_class)
    costs = row.direct_cost + row.unused_cost + row.unallocated_cost - row.over_cost
    assert row.capacity_cost == costs
    numbers = (row.provisioned_ms, row.held_ms, row.unused_ms, row.unallocated_ms, row.over_ms)
    return tuple(number // H for number in numbers)


def test_capacity_is_held_or_unallocated_hour_by_hour(source: Source):
    publish("2")
    bring(source, reading(capacity(hours=2, gpus="8"), use(gpus="3"), use(START + HOUR, gpus="9")))
    assert day_of() == (16, 12, 0, 5, 1)
    row = CapacityDay.objects.get()
    assert (row.capacity_cost, row.direct_cost, row.unallocated_cost, row.over_cost) == (32, 24, 10, 2)


def test_hours_whose_capacity_nobody_told_are_not_guessed(source: Source):
    publish("2")
    bring(source, reading(use(), use(START + DAY), start=START, days=2))
    other = Source.objects.create(key="capacity", kind="csv", name="Capacity")
    bring(other, reading(capacity(gpus="4")))
    known, unknown = CapacityDay.objects.order_by("day")
    assert (known.unallocated_ms, known.unknown_ms) == (3 * H, 0)
    assert (unknown.provisioned_ms, unknown.over_ms, unknown.unknown_ms, unknown.unknown_cost) == (0, 0, H, 2)


def test_use_where_a_source_says_there_is_nothing_is_over(source: Source):
    bring(source, reading(capacity(gpu_type="a100"), use(), capacity(START + HOUR, gpus="0")))
    assert CapacityDay.objects.get(gpu_type="l40s").over_ms == H
    assert {one.kind for one in broken([FIRST])} == {"held_beyond_capacity"}


def test_what_of_a_reservation_nobody_uses_is_charged_to_its_owner(source: Source):
    publish("2")
    bring(
        source, reading(reserved(project="fraud-v2"), capacity(hours=24, gpus="2", pricing_class="reserved"))
    )
    set_reservation(terms=terms(), by=ADA, now=NOW)
    row = ReservationDay.objects.get()
    assert (row.team, row.reserved_ms, row.held_ms, row.unused_ms, row.unused_cost) == (
        "anti-fraud", 48 * H, H, 47 * H, 94,
    )  # fmt: skip
    assert day_of("reserved") == (48, 1, 47, 0, 0)
    assert list(broken([FIRST])) == []


def test_use_beyond_the_reservation_is_no_negative_rest(source: Source):
    publish("2")
    set_reservation(terms=terms(gpus=1), by=ADA, now=NOW)
    bring(source, reading(reserved(gpus="3")))
    row = ReservationDay.objects.get()
    assert (row.reserved_ms, row.held_ms, row.unused_ms) == (24 * H, 3 * H, 23 * H)


def test_a_silent_source_leaves_a_reservation_uncounted(source: Source):
    publish("2")
    set_reservation(terms=terms(gpus=1), by=ADA, now=NOW)
    bring(source, reading(use(), days=0.5))
    assert ReservationDay.objects.get().reserved_ms == 12 * H


def test_reserved_use_belongs_to_the_teams_own_reservation_first(source: Source):
    set_source = [reserved(project="fraud-v2"), reserved(project="loans"), reserved(project="nobody")]
    publish("2")
    for one in (terms("a", "other", 1), terms("b", "credit", 1)):
        set_reservation(terms=one, by=ADA, now=NOW)
    bring(source, reading(*set_source, use(project="loans")))
    rows = Usage.objects.order_by("key__team", "key__pricing_class")
    assert list(rows.values_list("key__team", "key__pricing_class", "key__reservation")) == [
        ("", "reserved", "a"), ("anti-fraud", "reserved", "a"), ("credit", "on_demand", ""),
        ("credit", "reserved", "b"),
    ]  # fmt: skip


def test_a_reservation_taken_away_leaves_its_rows_as_they_were_brought(source: Source):
    publish("2")
    bring(source, reading(reserved()))
    before = Usage.objects.values_list("key", "base_id").get()
    set_reservation(terms=terms(), by=ADA, now=NOW)
    assert Usage.objects.get().base_id == before[0]
    remove_reservation(name="pool", by=ADA, now=NOW)
    assert Usage.objects.values_list("key", "base_id").get() == before
    assert not ReservationDay.objects.exists()
    assert list(broken([FIRST])) == []
    kinds = (
        Event.objects.filter(kind__startswith="audit.reservation.")
        .order_by("sequence")
        .values_list("kind", flat=True)
    )
    assert list(kinds) == ["audit.reservation.set", "audit.reservation.removed"]


def test_a_reservation_ends_before_its_last_day(source: Source):
    publish("2")
    bring(source, reading(use(), days=2))
    set_reservation(terms=terms(ends=date(2026, 11, 19)), by=ADA, now=NOW)
    assert list(ReservationDay.objects.values_list("day", flat=True)) == [FIRST]


def test_a_reservation_of_closed_days_is_restated(source: Source):
    publish("2")
    bring(source, reading(use()))
    set_reservation(terms=terms(), by=ADA, now=NOW + 30 * DAY)
    row = Restatement.objects.get()
    assert (row.cause, row.team, row.before_cost, row.after_cost) == ("reservation", "anti-fraud", 0, 96)


def test_the_same_reservation_again_is_no_event(source: Source):
    publish("2")
    for _turn in range(2):
        set_reservation(terms=terms(), by=ADA, now=NOW)
    assert Event.objects.filter(kind="audit.reservation.set").count() == 1


def test_a_reservation_with_faults_is_refused_with_all_of_them(source: Source):
    wrong = ReservationTerms("", "t", "c1", "x", 0, FIRST, FIRST)
    with pytest.raises(CostError) as refused:
        set_reservation(terms=wrong, by=ADA, now=NOW)
    assert len(refused.value.detail["faults"]) == 4
    with pytest.raises(CostNotFound):
        remove_reservation(name="nothing", by=ADA, now=NOW)


def test_an_overhead_is_set_changed_and_removed(db: None):
    month = date(2026, 11, 1)
    for amount in ("10", "10", "12.50"):
        set_overhead(month=month, name="Control plane", amount=Decimal(amount), by=ADA)
    remove_overhead(month=month, name="Control plane", by=ADA)
    kinds = Event.objects.filter(kind__startswith="audit.overhead.").order_by("sequence")
    assert [(one.kind, one.detail["amount"], one.detail["before"]) for one in kinds] == [
        ("audit.overhead.set", "10", None), ("audit.overhead.set", "12.50", "10.00"),
        ("audit.overhead.removed", "12.50", "12.50"),
    ]  # fmt: skip
    with pytest.raises(CostError):
        set_overhead(month=FIRST, name="", amount=Decimal("0.001"), by=ADA)
