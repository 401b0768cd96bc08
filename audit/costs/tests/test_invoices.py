"""Invoices beside the rate card: by SKU over its days and prices, other currencies in no sum, only billed days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.invoices import class_of, invoice, invoice_months
from audit.costs.models import Source
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import BillRecord, Facts, Reading
from audit.ledger.actors import Actor

ADA = Actor("person", "9", "Ada")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def bring(*lines):
    source = Source.objects.create(key="google", kind="google", name="Google")
    readings = [
        Reading(start, start + timedelta(days=1), frozenset({Facts.BILL}), tuple(own))
        for day in sorted({one.day for one in lines})
        for start in [datetime(day.year, day.month, day.day, tzinfo=UTC)]
        for own in [[one for one in lines if one.day == day]]
    ]
    take(source=source, readings=readings, file_name="bill.csv", by=ADA, now=NOW)


def line(day, hours, cost, *, credit="0", currency="USD", month="", description="L40S", sku="A1"):
    return BillRecord(
        date(2026, *day),
        "c1",
        "l40s",
        sku,
        description,
        Decimal(hours),
        Decimal(cost),
        Decimal(credit),
        currency,
        month,
    )


@pytest.fixture
def prices():
    ensure_types(["L40S"])
    changes = [
        RateChange("l40s", date(2026, 11, 1), Decimal("2")),
        RateChange("l40s", date(2026, 11, 11), Decimal("3")),
    ]
    publish_rates(changes=changes, reason="first", expected_version=0, by=ADA, now=NOW)


def test_hours_of_a_sku_are_priced_by_the_card_of_their_days(prices):
    bring(line((11, 10), "10", "25", credit="-5"), line((11, 11), "10", "25"))
    found = invoice("202611")
    (one,) = found.lines
    assert (one.hours, one.net, one.price) == (Decimal(20), Decimal(45), Decimal("2.25"))
    assert (one.card, one.difference, one.unpriced) == (Decimal(50), Decimal(5), Decimal(0))
    assert (found.first, found.last) == (date(2026, 11, 10), date(2026, 11, 11))


def test_hours_without_a_price_are_told_apart(prices):
    bring(line((10, 31), "4", "8"), line((11, 1), "4", "8", month="202610"))
    (one,) = invoice("202610").lines
    assert (one.hours, one.unpriced, one.card) == (Decimal(8), Decimal(4), Decimal(8))
    assert invoice_months() == ["202610"]


def test_another_currency_is_in_no_sum(prices):
    bring(line((11, 2), "4", "8"), line((11, 2), "4", "60", currency="CNY"))
    found = invoice("202611")
    assert [(one.currency, one.foreign, one.difference) for one in found.lines] == [
        ("CNY", True, None),
        ("USD", False, Decimal(0)),
    ]
    (place,) = found.places
    assert (place.billed, place.net) == (Decimal(4), Decimal(8))


def test_month_without_lines_is_empty():
    assert (invoice("202611").lines, invoice("202611").first, invoice_months()) == ((), None, [])


@pytest.mark.parametrize(
    ("description", "bought"),
    [
        ("Nvidia L4 GPU attached to Spot Preemptible VMs", "spot"),
        ("Commitment v1: L4 in Iowa", "committed"),
        ("Reserved L4", "reserved"),
        ("Nvidia L4 GPU running in Iowa", "on_demand"),
    ],
)
def test_class_is_read_from_the_description(description, bought):
    assert class_of(description) == bought
