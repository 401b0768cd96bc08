"""Test factory of the pages: a stretch of days with use, activity, capacity, prices and a budget."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from audit.costs.budgets import budget_view, set_budget
from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.models import Anomaly, Budget, GpuType, Outlook, Source
from audit.costs.planning import BudgetTerms
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import CapacityRecord, Facts, Measured, Reading, Record, UsageRecord
from audit.costs.types import Period
from audit.ledger.actors import operator
from portal.edges.cost_filters import months_after

NAMESPACE = "anti-fraud"
METRIC = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
PRICES = {"l40s": Decimal("2"), "h100": Decimal("4.5")}


def make_prices(since: date) -> None:
    """Two types of GPU with a colour and a price each."""
    ensure_types(["L40S", "H100", "T4"])
    for place, key in enumerate(("l40s", "h100", "t4")):
        GpuType.objects.filter(key=key).update(colour=place)
    changes = [RateChange(key, since, price) for key, price in PRICES.items()]
    publish_rates(
        changes=changes, reason="first", expected_version=0, by=operator("root"), now=timezone.now()
    )


def make_use(
    first: date,
    days: int,
    *,
    project: str = "anti-fraud-v2",
    person: str = "",
    image: str = "main.test/fraud/base",
    cluster: str = "east",
) -> Source:
    """Each day from 08:00 UTC: two L40S for six hours, half of it active, and one H100 for two, all of it.

    On the last day a T4 without a price is held for an hour, too, whose activity nobody measured. Of the three
    L40S and one H100 that are provisioned all day, the rest stands free.
    """
    source, _new = Source.objects.get_or_create(
        key=f"opencost-{cluster}", kind="opencost", name=f"OpenCost {cluster}"
    )
    told = Told(cluster, project, person, image)
    readings = [_day(first + timedelta(days=n), n == days - 1, told) for n in range(days)]
    through = readings[-1].end
    take(source=source, readings=readings, file_name="use.csv", by=operator("root"), now=through)
    Source.objects.update(complete_through=through, succeeded_at=through)
    return source


def make_budget(owner: str, month: date, amount: str = "5000") -> Budget:
    """A team's budget of one month, with its forecast kept as it is now."""
    now = timezone.now()
    period = Period(month, months_after(month, 1))
    terms = BudgetTerms(owner_kind="team", owner=owner, period=period, amount=Decimal(amount))
    budget = set_budget(terms=terms, by=operator("root"), now=now)
    found = budget_view(budget, teams=(owner,), now=now).forecast
    Outlook.objects.create(
        budget=budget,
        at=now,
        spent=found.spent,
        forecast=found.amount,
        low=found.low,
        high=found.high,
        committed=found.committed,
        ends_on=found.ends_on,
    )
    return budget


def make_anomaly(team: str, day: date) -> Anomaly:
    """An unusually costly day, mostly because of one project."""
    causes = [
        {"by": "project", "value": "anti-fraud-v2", "amount": "410"},
        {"by": "gpu_type", "value": "h100", "amount": "300"},
    ]
    return Anomaly.objects.create(
        day=day,
        team=team,
        high=True,
        amount=Decimal("812"),
        usual=Decimal("230"),
        score=Decimal("5.2"),
        causes=causes,
        found_at=timezone.now(),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What every record of a call says."""

    cluster: str
    project: str
    person: str
    image: str

    def use(self, start: datetime, hours: int, gpu_type: str, gpus: int, **more: Any) -> UsageRecord:
        """One workload's hold."""
        labels = {"purser.io/project": self.project}
        if self.person:
            labels["purser.io/person"] = self.person
        return UsageRecord(
            start,
            start + timedelta(hours=hours),
            self.cluster,
            gpu_type,
            Decimal(gpus),
            namespace=NAMESPACE,
            image=f"{self.image}:stable",
            labels=labels,
            **more,
        )


def _day(day: date, last: bool, told: Told) -> Reading:
    start = datetime.combine(day, time(), tzinfo=UTC)
    records: tuple[Record, ...] = (*_records(start, last, told), *_capacity(start, told.cluster))
    return Reading(start, start + timedelta(days=1), frozenset({Facts.USAGE, Facts.CAPACITY}), records)


def _records(start: datetime, last: bool, told: Told) -> Iterator[UsageRecord]:
    begin = start + timedelta(hours=8)
    half, whole = (Measured(Decimal("0.4"), Decimal(3), METRIC), Measured(Decimal("0.9"), Decimal(2), METRIC))
    yield told.use(begin, 6, "L40S", 2, workload="train", measured=half)
    yield told.use(begin, 2, "H100", 1, workload="tune", measured=whole)
    if last:
        yield told.use(begin, 1, "T4", 1, workload="try")


def _capacity(start: datetime, cluster: str) -> Iterator[CapacityRecord]:
    for gpu_type, gpus in (("L40S", 3), ("H100", 1)):
        yield CapacityRecord(start, start + timedelta(days=1), cluster, gpu_type, Decimal(gpus))
