"""Test factory of the pages of keeping costs: something of everything that is kept."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from audit.costs.intake import take
from audit.costs.models import Restatement, Source, Violation
from audit.costs.overheads import set_overhead
from audit.costs.rates import RateChange, publish_rates, rate_version
from audit.costs.records import BillRecord, Facts, Reading
from audit.costs.reservations import ReservationTerms, set_reservation
from audit.ledger.actors import operator

BY = operator("root")


def make_kept(team: str, today: date) -> dict[str, Any]:
    """A price to come, a reservation, overhead, a failing source, a bill, a broken rule and a restated day."""
    now, month = timezone.now(), today.replace(day=1)
    later = RateChange("l40s", today + timedelta(days=30), Decimal("1.85"), pricing_class="spot")
    publish_rates(changes=[later], reason="新合同从下月起", expected_version=rate_version(), by=BY, now=now)
    terms = ReservationTerms("训练池 2026", team, "east", "h100", 2, month)
    reservation = set_reservation(terms=terms, by=BY, now=now)
    overhead = set_overhead(month=month, name="控制平面", amount=Decimal("300.00"), by=BY)
    source = Source.objects.create(
        key="dcgm", kind="prometheus", name="DCGM 东", options={"url": "http://prometheus.test"},
        error="令牌被拒绝", failed_at=now, next_attempt_at=now + timedelta(hours=1),
        notes=["dcgm_util"],
    )  # fmt: skip
    _bill(today - timedelta(days=1))
    Violation.objects.create(
        kind="totals", day=month, subject="costs_daytotal", detail={"kept": "1.00"}, found_at=now, seen_at=now
    )
    Restatement.objects.create(
        day=month, at=now, cause="rates", revision=1, team=team, before_ms=1, after_ms=1,
        before_cost=Decimal("10.00"), after_cost=Decimal("12.50"),
    )  # fmt: skip
    return {"reservation": reservation.pk, "overhead": overhead.pk, "source": source.key}


def _bill(day: date) -> None:
    start = datetime.combine(day, time(), UTC)
    line = BillRecord(
        day, "east", "l40s", "0D3C-44E8", "L40S 在香港", Decimal(72), Decimal(150), Decimal(-12), "USD"
    )
    reading = Reading(start, start + timedelta(days=1), frozenset({Facts.BILL}), (line,), currency="USD")
    google = Source.objects.create(key="google", kind="google", name="Google 账单")
    take(source=google, readings=[reading], file_name="账单.csv", by=BY, now=timezone.now())
