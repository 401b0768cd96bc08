"""Invoices beside the rate card: what a bill says of each month and SKU, net of credits, and what our prices say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from audit.costs.cards import rate_card
from audit.costs.pricing import MICRO, RateCard
from audit.costs.records import PricingClass
from audit.costs.settings import cost_settings
from audit.costs.types import HOUR_MS, ZERO

_MONTH = """
    CASE WHEN invoice_month ~ '^[0-9]{4}(0[1-9]|1[0-2])$' THEN invoice_month ELSE to_char(day, 'YYYYMM') END
"""
_MONTHS = f"SELECT DISTINCT {_MONTH} FROM costs_bill ORDER BY 1 DESC LIMIT 60"  # noqa: S608 - text of our own
_LINES = f"""
    SELECT sku, min(description), gpu_type, cluster, currency, day, sum(hours), sum(cost), sum(credits)
    FROM costs_bill WHERE {_MONTH} = %s GROUP BY sku, gpu_type, cluster, currency, day ORDER BY 1, 3, 4, 5, 6
"""  # noqa: S608
_RECORDED = """
    SELECT cluster, gpu_type, sum(provisioned_ms)::bigint, sum(held_ms)::bigint,
        coalesce(sum(capacity_cost), 0), coalesce(sum(held_cost), 0)
    FROM (
        SELECT cluster, gpu_type, provisioned_ms, 0 AS held_ms, capacity_cost, 0 AS held_cost
        FROM costs_capacityday WHERE day >= %(first)s AND day < %(after)s
        UNION ALL
        SELECT cluster, gpu_type, 0, held_ms, 0, cost FROM costs_teamday WHERE day >= %(first)s AND day < %(after)s
    ) both_kinds GROUP BY 1, 2
"""
_CLASSES = (("spot", PricingClass.SPOT), ("preemptible", PricingClass.SPOT),
            ("reserv", PricingClass.RESERVED), ("commitment", PricingClass.COMMITTED))  # fmt: skip
"""Words of descriptions that say how GPUs were bought; a bill says it nowhere else."""
Place = tuple[str, str]
"""Cluster and type."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One SKU of a month. `credits` are zero or negative; `card` is its hours at the rate card's prices of their days.

    `unpriced` hours have no price and are not in `card`. `foreign`: in another currency than the card's, which is
    not converted, so it is in no sum.
    """

    sku: str
    description: str
    gpu_type: str
    cluster: str
    currency: str
    pricing_class: str
    hours: Decimal
    cost: Decimal
    credits: Decimal
    card: Decimal
    unpriced: Decimal
    foreign: bool

    @property
    def net(self) -> Decimal:
        """What is paid: cost and credits."""
        return self.cost + self.credits

    @property
    def price(self) -> Decimal | None:
        """What a GPU hour was paid, net of credits; None without hours."""
        return (self.net / self.hours).quantize(MICRO) if self.hours else None

    @property
    def difference(self) -> Decimal | None:
        """How much more the rate card says than was paid, negative when it says less; None in another currency."""
        return None if self.foreign else self.card - self.net


@dataclass(frozen=True, slots=True)
class InvoicePlace:
    """A cluster and type in a month: hours and money of the invoice beside those recorded.

    `recorded` hours and `amount` are those provisioned where capacity is known, else those held (`held_only`).
    """

    cluster: str
    gpu_type: str
    billed: Decimal
    net: Decimal
    recorded: Decimal
    amount: Decimal
    held_only: bool

    @property
    def missing(self) -> Decimal:
        """Hours on the invoice that nothing recorded; negative when more was recorded."""
        return self.billed - self.recorded

    @property
    def difference(self) -> Decimal:
        """How much more the figures say than was paid."""
        return self.amount - self.net


@dataclass(frozen=True, slots=True)
class Invoice:
    """A month of invoices, SKU by SKU, and by cluster and type for the days from `first` to `last` it is about."""

    month: str
    lines: tuple[InvoiceLine, ...] = ()
    places: tuple[InvoicePlace, ...] = ()
    first: date | None = None
    last: date | None = None


def invoice_months() -> list[str]:
    """The months that have invoice lines (`202611`), newest first, at most 60."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS)
        return [month for (month,) in cursor.fetchall()]


def invoice(month: str) -> Invoice:
    """The invoices of a month (`202611`) beside the rate card and what was recorded: four queries."""
    rows = _rows(month)
    if not rows:
        return Invoice(month)
    lines, days = _lines(rows, rate_card()), [row[5] for row in rows]
    first, last = min(days), max(days)
    return Invoice(month, tuple(lines), tuple(_places(first, last, lines)), first, last)


def class_of(description: str) -> str:
    """How GPUs were bought, as far as a description says it."""
    words = description.lower()
    return next((found for word, found in _CLASSES if word in words), PricingClass.ON_DEMAND)


def _rows(month: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [month])
        return list(cursor.fetchall())


def _lines(rows: Iterable[tuple[Any, ...]], card: RateCard) -> list[InvoiceLine]:
    ours, found = cost_settings().currency, dict[tuple[str, ...], InvoiceLine]()
    for sku, description, gpu_type, cluster, currency, day, hours, cost, credited in rows:
        bought = class_of(description)
        price = card.price(gpu_type=gpu_type, cluster=cluster, pricing_class=bought, day=day)
        one = InvoiceLine(
            sku, description, gpu_type, cluster, currency, bought, hours, cost, credited,
            card=ZERO if price is None else (hours * price).quantize(MICRO),
            unpriced=hours if price is None else ZERO,
            foreign=currency != ours,
        )  # fmt: skip
        key = (sku, gpu_type, cluster, currency, bought)
        found[key] = _together(found[key], one) if key in found else one
    return list(found.values())


def _together(a: InvoiceLine, b: InvoiceLine) -> InvoiceLine:
    return InvoiceLine(
        a.sku, a.description, a.gpu_type, a.cluster, a.currency, a.pricing_class,
        a.hours + b.hours, a.cost + b.cost, a.credits + b.credits, a.card + b.card, a.unpriced + b.unpriced, a.foreign,
    )  # fmt: skip


def _places(first: date, last: date, lines: Iterable[InvoiceLine]) -> list[InvoicePlace]:
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED, {"first": first, "after": last + timedelta(days=1)})
        recorded = {(cluster, gpu_type): tuple(rest) for cluster, gpu_type, *rest in cursor.fetchall()}
    billed: dict[Place, tuple[Decimal, Decimal]] = {}
    for one in (line for line in lines if not line.foreign):
        hours, net = billed.get((one.cluster, one.gpu_type), (ZERO, ZERO))
        billed[one.cluster, one.gpu_type] = (hours + one.hours, net + one.net)
    return [
        _place(place, *billed.get(place, (ZERO, ZERO)), recorded.get(place))
        for place in sorted({*billed, *recorded})
    ]


def _place(
    place: Place, hours: Decimal, net: Decimal, recorded: tuple[int, int, Decimal, Decimal] | None
) -> InvoicePlace:
    provisioned, held, capacity_cost, held_cost = recorded or (0, 0, ZERO, ZERO)
    ms, amount = (provisioned, capacity_cost) if provisioned else (held, held_cost)
    return InvoicePlace(*place, hours, net, Decimal(ms) / HOUR_MS, amount, held_only=not provisioned)
