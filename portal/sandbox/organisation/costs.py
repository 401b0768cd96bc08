"""The demo's past half year of GPU use, its prices, its reservation and its budgets."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from audit.costs.budgets import set_budget
from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.keeping import keep_sources
from audit.costs.models import Budget, RateRevision, Reservation, Source
from audit.costs.planning import BudgetTerms
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import BillRecord, CapacityRecord, Facts, Reading, Record, UsageRecord
from audit.costs.reservations import ReservationTerms, set_reservation
from audit.costs.source_file import read_sources
from audit.costs.types import Period
from audit.ledger.actors import Actor
from portal.sandbox.organisation.fleet import CLUSTER, RESERVATION, demo_fleet, half_a_year_before
from portal.sandbox.organisation.people import FRAUD, LANGUAGE, VISION
from portal.sandbox.usage import capacity_between, usage_between
from portal.sandbox.usage.fleet import Fleet

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
USAGE, INVOICES = "opencost", "google-billing"
PRICES = {
    ("l40s", ""): "1.54", ("l40s", "spot"): "0.62", ("a100", ""): "2.95", ("h100", ""): "6.90",
    ("h100", "reserved"): "4.20",
}  # fmt: skip
DEARER = {("l40s", ""): "1.68", ("l40s", "spot"): "0.68"}
MONTHLY = {FRAUD: 3_600, VISION: 4_800, LANGUAGE: 24_000}
BILLED_LATE = 3 * DAY
"""Google's export tells of a day up to three days later."""
SKUS = {"l40s": ("C7E1-2A40-9F11", "Nvidia L40S GPU running in Netherlands"),
        "a100": ("039F-D0DA-4055", "Nvidia Tesla A100 GPU running in Netherlands"),
        "h100": ("1C7B-7F5E-26B2", "Nvidia H100 80GB GPU running in Netherlands")}  # fmt: skip


def seed_costs(sources: Path, *, registry: str, by: Actor, now: datetime) -> None:
    """Keep the sources of the file and fill in the past of each; `registry` serves the images."""
    keep_sources(file=read_sources(sources.read_bytes()), by=by, now=now)
    first = half_a_year_before(now)
    seed_prices(first.date(), by=by, now=now)
    seed_budgets(by=by, now=now)
    seed_reservation(first.date(), by=by, now=now)
    until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    fleet = demo_fleet(registry)
    for key, told, late in ((USAGE, _usage, 0 * DAY), (INVOICES, _bills, BILLED_LATE)):
        source = Source.objects.get(key=key)
        since = source.complete_through or first
        readings = told(fleet, since.astimezone(UTC).replace(hour=0, minute=0), until - late)
        if readings and since < until - late:
            take(source=source, readings=readings, file_name=f"{key}-history.csv", by=by, now=now)
            Source.objects.filter(pk=source.pk).update(cursor=readings[-1].end)


def seed_prices(first: date, *, by: Actor, now: datetime) -> None:
    """Two versions of the rate card: prices since the beginning, and a change two months ago."""
    if RateRevision.objects.exists():
        return
    ensure_types(("L40S", "A100", "H100"))
    changed = (now.date().replace(day=1) - DAY).replace(day=1)
    for version, (prices, day, reason) in enumerate(
        [(PRICES, first, "Prices of the new contract"), (DEARER, changed, "The supplier raised L40S prices")]
    ):
        changes = [
            RateChange(gpu_type=gpu_type, pricing_class=bought, from_day=day, price=Decimal(price))
            for (gpu_type, bought), price in prices.items()
        ]
        publish_rates(changes=changes, reason=reason, expected_version=version, by=by, now=now)


def seed_budgets(*, by: Actor, now: datetime) -> None:
    """A budget for each team and month from the last month to the next."""
    month = now.date().replace(day=1)
    starts = [(month - DAY).replace(day=1), month, (month + 32 * DAY).replace(day=1)]
    for team, amount in MONTHLY.items():
        for start in starts:
            if Budget.objects.filter(owner_kind="team", owner=team, starts=start).exists():
                continue
            after = (start + 32 * DAY).replace(day=1)
            terms = BudgetTerms(
                owner_kind="team", owner=team, period=Period(start, after), amount=Decimal(amount),
                thresholds=(80, 100), note="",
            )  # fmt: skip
            set_budget(terms=terms, by=by, now=now)


def seed_reservation(first: date, *, by: Actor, now: datetime) -> None:
    """The language team has reserved the H100 machine, and uses it some of the time."""
    if not Reservation.objects.filter(name=RESERVATION).exists():
        terms = ReservationTerms(
            name=RESERVATION, team=LANGUAGE, cluster=CLUSTER, gpu_type="h100", gpus=8, starts=first, ends=None
        )
        set_reservation(terms=terms, by=by, now=now)


def _days(first: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = first
    while start < until:
        yield start, min(start + DAY, until)
        start += DAY


def _usage(fleet: Fleet, first: datetime, until: datetime) -> list[Reading]:
    facts = frozenset({Facts.USAGE, Facts.CAPACITY})
    used = usage_between(fleet, first, until, measured=True)
    there = capacity_between(fleet, first, until)
    by_day: dict[date, tuple[Record, ...]] = {day: tuple(found) for day, found in groupby(used, key=_day_of)}
    for day, found in groupby(there, key=_day_of):
        by_day[day] = (*by_day.get(day, ()), *found)
    return _readings(fleet, first, until, facts, by_day)


def _bills(fleet: Fleet, first: datetime, until: datetime) -> list[Reading]:
    """What Google would have billed for the machines: list prices, a little off the rate card, less a discount."""
    until = until.replace(hour=0)
    by_day: dict[date, tuple[Record, ...]] = {}
    for day, found in groupby(capacity_between(fleet, first, until), key=_day_of):
        hours: dict[str, Decimal] = {}
        for one in found:
            hours[one.gpu_type] = hours.get(one.gpu_type, Decimal(0)) + one.gpus
        by_day[day] = tuple(_bill(day, gpu_type, amount) for gpu_type, amount in hours.items())
    return _readings(fleet, first, until, frozenset({Facts.BILL}), by_day)


def _bill(day: date, gpu_type: str, hours: Decimal) -> BillRecord:
    sku, words = SKUS[gpu_type]
    cost = hours * Decimal(PRICES[gpu_type, ""]) * Decimal("1.02")
    return BillRecord(
        day, CLUSTER, gpu_type, sku, words, hours, cost.quantize(Decimal("0.01")),
        (cost * Decimal("-0.05")).quantize(Decimal("0.01")), "USD", f"{day:%Y%m}",
    )  # fmt: skip


def _readings(
    fleet: Fleet,
    first: datetime,
    until: datetime,
    facts: frozenset[Facts],
    by_day: dict[date, tuple[Record, ...]],
) -> list[Reading]:
    return [
        Reading(start, end, facts, by_day.get(start.date(), ()), complete=end - start == DAY)
        for start, end in _days(first, until)
        if start.date() not in fleet.missing
    ]


def _day_of(record: "UsageRecord | CapacityRecord") -> date:
    return record.start.astimezone(UTC).date()
