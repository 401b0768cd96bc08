"""What is brought is stored whole, once, and its sums are those of its rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from audit.costs.gpu_types import ensure_types
from audit.costs.intake import preview_reading, take
from audit.costs.models import DayTotal, Load, Source, TeamDay, Usage
from audit.costs.rates import RateChange, preview_rates, publish_rates
from audit.costs.records import Facts, Reading, UsageRecord
from audit.ledger.actors import Actor

ADA = Actor("person", "9", "Ada")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = datetime(2026, 11, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(key="files", kind="csv", name="Files")


def use(start: datetime = DAY, hours: float = 1, gpus: str = "1", **more: object) -> UsageRecord:
    end = start + timedelta(hours=hours)
    return UsageRecord(start, end, "c1", "NVIDIA-L40S", Decimal(gpus), **more)


def day(*records: UsageRecord, start: datetime = DAY) -> Reading:
    return Reading(start, start + timedelta(days=1), frozenset({Facts.USAGE}), records)


def bring(source: Source, *readings: Reading) -> Load:
    return take(source=source, readings=readings, file_name="use.csv", by=ADA, now=NOW)


def publish(price: str, version: int = 0, since: date = DAY.date()) -> None:
    publish_rates(
        changes=[RateChange("l40s", since, Decimal(price))],
        reason="first",
        expected_version=version,
        by=ADA,
        now=NOW,
    )


def test_smoke(source: Source):
    ensure_types(["L40S"])
    publish("2")
    load = bring(source, day(use(hours=2.5, gpus="0.25"), use(workload="w")))
    assert load.changed_slices == 24
    assert Usage.objects.count() == 4
    total = TeamDay.objects.get()
    assert (total.held_ms, total.cost) == (int(1.625 * 3_600_000), Decimal("3.25"))
    assert DayTotal.objects.count() == 1
    assert bring(source, day(use(hours=2.5, gpus="0.25"), use(workload="w"))).changed_slices == 0
    preview = preview_reading(source=source, readings=[day(use())], now=NOW)
    assert [(one.before.rows, one.after.rows, one.after.cost) for one in preview.days] == [(4, 1, Decimal(2))]
    assert Usage.objects.count() == 4
    seen = preview_rates(changes=[RateChange("l40s", DAY.date(), Decimal(4))], now=NOW)
    assert (seen.before, seen.after) == (Decimal("3.25"), Decimal("6.5"))
    publish("4", 1)
    assert TeamDay.objects.get().cost == Decimal("6.5")
    assert bring(source, day()).changed_slices == 3
    assert not Usage.objects.exists()
    assert not TeamDay.objects.exists()


def test_checks(source: Source):
    from django.core.management import call_command

    ensure_types(["L40S"])
    publish("2")
    bring(source, day(use(hours=2.5, gpus="0.25"), use(workload="w")))
    call_command("check_costs")
    TeamDay.objects.update(cost=1)
    with pytest.raises(Exception):
        call_command("check_costs")
    call_command("rebuild_costs")
    call_command("check_costs")
