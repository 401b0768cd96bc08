"""Records, readings and what is expected of them, for the tests of the store."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.models import Load, RateRevision, Source
from audit.costs.pricing import amount
from audit.costs.rates import RateChange, publish_rates, rate_version
from audit.costs.records import (
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Facts,
    Measured,
    Reading,
    Record,
    UsageRecord,
)
from audit.costs.splitting import held_ms, split, whole
from audit.ledger.actors import Actor

ADA = Actor("person", "9", "Ada")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
START = datetime(2026, 11, 18, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = date(2026, 11, 18)
METRIC = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
TABLES = ("costs_usage", "costs_hourtotal", "costs_daytotal", "costs_teamday")


def use(start: datetime = START, hours: float = 1, gpus: str = "1", **more: Any) -> UsageRecord:
    """GPUs held in cluster c1 by workload train, project by label."""
    labels = {"purser.io/project": more.pop("project")} if "project" in more else {}
    said = {
        "cluster": "c1",
        "gpu_type": "NVIDIA-L40S",
        "namespace": "n1",
        "workload": "train",
        "labels": labels,
    }
    return UsageRecord(start=start, end=start + timedelta(hours=hours), gpus=Decimal(gpus), **said | more)


def measured(activity: str, active_hours: str) -> Measured:
    """Activity that comes with a record."""
    return Measured(Decimal(activity), Decimal(active_hours), METRIC)


def window(start: datetime, activity: str, **more: Any) -> ActivityRecord:
    """Ten minutes of workload train."""
    said = {"cluster": "c1", "gpu": "", "namespace": "n1", "workload": "train", "metric": METRIC} | more
    return ActivityRecord(start=start, activity=Decimal(activity), **said)


def windows(start: datetime, *activities: str, **more: Any) -> list[ActivityRecord]:
    """One window after the other."""
    return [window(start + n * timedelta(minutes=10), one, **more) for n, one in enumerate(activities)]


def capacity(start: datetime = START, hours: float = 1, gpus: str = "1", **more: Any) -> CapacityRecord:
    """GPUs provisioned in cluster c1."""
    said = {"cluster": "c1", "gpu_type": "l40s"} | more
    return CapacityRecord(start=start, end=start + timedelta(hours=hours), gpus=Decimal(gpus), **said)


def bill(day: date = FIRST, **more: Any) -> BillRecord:
    """A line of an invoice."""
    numbers = {"hours": Decimal(1), "cost": Decimal(2), "credits": Decimal(0)}
    return BillRecord(**{"day": day, "cluster": "c1", "gpu_type": "l40s", "sku": "1", "description": "L40S",
                         "currency": "USD", **numbers, **more})  # fmt: skip


_FACTS = {
    UsageRecord: Facts.USAGE,
    ActivityRecord: Facts.ACTIVITY,
    CapacityRecord: Facts.CAPACITY,
    BillRecord: Facts.BILL,
}


def reading(
    *records: Record, start: datetime = START, days: float = 1, facts: set[Facts] | None = None, **more: Any
) -> Reading:
    """What a source says of a day; the facts are those of the records, or usage."""
    named = facts or {_FACTS[type(one)] for one in records} or {Facts.USAGE}
    return Reading(start, start + days * DAY, frozenset(named), tuple(records), **more)


def bring(source: Source, *readings: Reading, file_name: str = "use.csv", now: datetime = NOW) -> Load:
    """Store readings as Ada."""
    return take(source=source, readings=readings, file_name=file_name, by=ADA, now=now)


def publish(price: str | None, *, since: date = date(2026, 1, 1), gpu_type: str = "l40s", now: datetime = NOW,
            **more: str) -> RateRevision:  # fmt: skip
    """Publish one price as Ada."""
    ensure_types([gpu_type.upper()])
    change = RateChange(gpu_type, since, None if price is None else Decimal(price), **more)
    return publish_rates(changes=[change], reason="test", expected_version=rate_version(), by=ADA, now=now)


def sums(table: str, by: str = "day") -> dict[Any, tuple[int, Decimal]]:
    """Held time and cost in a table, by an expression."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {by}, sum(held_ms)::bigint, sum(cost) FROM {table} GROUP BY 1")  # noqa: S608
        return {key: (held, cost) for key, held, cost in cursor.fetchall()}


def expected(records: Sequence[UsageRecord], price: Decimal) -> dict[date, tuple[int, Decimal]]:
    """The same, computed from the records alone."""
    found: dict[date, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for one in records:
        for cell in split(one.start, one.end, timezone.get_default_timezone()):
            held = held_ms(whole(one.gpus), cell.ms)
            ms, cost = found[cell.day]
            found[cell.day] = ms + held, cost + amount(held, price)
    return dict(found)


@contextmanager
def forgotten() -> Iterator[None]:
    """Whatever happens inside is rolled back. No block of atomic: services open durable ones."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)
