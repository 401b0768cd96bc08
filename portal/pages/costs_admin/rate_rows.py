"""The rate card as its page shows it: what holds today, what comes, what was."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import ngettext

from audit.costs.listing import PriceLine, PriceStep
from audit.costs.models import Rate
from audit.costs.rates import RateChange
from portal.pages.costs.wording import number
from portal.pages.costs_admin.words import class_word, cluster_word


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A price from a day on, in words; `price` None: it ends."""

    from_day: date
    price: Decimal | None
    words: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One type, cluster and class: the price today, those to come and those before. `query` prepares a change."""

    label: str
    cluster: "str | Promise"
    pricing_class: "str | Promise"
    now: ShownStep | None
    later: tuple[ShownStep, ...]
    earlier: tuple[ShownStep, ...]
    query: str

    @property
    def earlier_label(self) -> str:
        """How many prices there were before."""
        return ngettext("%(n)d earlier price", "%(n)d earlier prices", len(self.earlier)) % {
            "n": len(self.earlier)
        }


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of a published version, in words."""

    label: str
    cluster: "str | Promise"
    pricing_class: "str | Promise"
    step: ShownStep


def price_rows(lines: list[PriceLine], labels: dict[str, str], *, on: date) -> list[PriceRow]:
    """The lines by label of the type, the general before the particular."""
    rows = [_row(line, labels, on) for line in lines]
    return sorted(rows, key=lambda row: row.label.casefold())


def rate_row(rate: Rate | RateChange, labels: dict[str, str]) -> RateRow:
    """A row of a version, or one that is being prepared."""
    step = ShownStep(rate.from_day, rate.price, price_text(rate.price))
    label = labels.get(rate.gpu_type, rate.gpu_type)
    return RateRow(label, cluster_word(rate.cluster), class_word(rate.pricing_class), step)


def price_text(price: Decimal | None) -> str:
    """A price with two to six places: 2.5 is "2.50", 0.123456 keeps all."""
    if price is None:
        return ""
    exponent = price.normalize().as_tuple().exponent
    return number(price, max(2, -exponent if isinstance(exponent, int) else 2))


def _row(line: PriceLine, labels: dict[str, str], on: date) -> PriceRow:
    now = line.on(on)
    earlier = [step for step in line.steps if step.from_day <= on and step is not now]
    asked = {"type": line.gpu_type, "cluster": line.cluster, "class": line.pricing_class}
    return PriceRow(
        label=labels.get(line.gpu_type, line.gpu_type),
        cluster=cluster_word(line.cluster),
        pricing_class=class_word(line.pricing_class),
        now=_shown(now) if now else None,
        later=tuple(_shown(step) for step in line.after(on)),
        earlier=tuple(_shown(step) for step in reversed(earlier)),
        query=urlencode(asked),
    )


def _shown(step: PriceStep) -> ShownStep:
    return ShownStep(step.from_day, step.price, price_text(step.price))
