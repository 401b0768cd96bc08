"""Amounts, hours, shares and days of costs as people read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format, get_format, number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from audit.costs.types import HOUR_MS, Period, Sums
from portal.pages.markup import day_text

SIGNS: Mapping[str, str] = {"USD": "US$", "CNY": "CN¥", "JPY": "JP¥", "EUR": "€", "GBP": "£", "HKD": "HK$"}
"""A sign that no other currency has; others are written by their code."""
NONE = "–"
_STEPS = tuple(Decimal(1).scaleb(-places) for places in range(7))
CLASSES: Mapping[str, "str | Promise"] = {
    "on_demand": gettext_lazy("On demand"),
    "spot": gettext_lazy("Spot"),
    "reserved": gettext_lazy("Reserved"),
    "committed": gettext_lazy("Committed use"),
}
METHODS: Mapping[str, "str | Promise"] = {
    "none": gettext_lazy("not shared"),
    "direct": gettext_lazy("shared by direct cost"),
    "quota": gettext_lazy("shared by quota"),
    "equal": gettext_lazy("shared equally"),
}


class Unit(StrEnum):
    """What charts and shares are shown in."""

    MONEY = "money"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Measure:
    """How sums become the one amount that a page shows: money, or GPU hours."""

    unit: Unit
    currency: str

    @property
    def name(self) -> str:
        """The unit as an axis or heading names it."""
        return sign_of(self.currency) if self.unit is Unit.MONEY else _("GPU hours")

    @property
    def places(self) -> int:
        """How many decimals are shown."""
        return 2 if self.unit is Unit.MONEY else 1

    def of(self, sums: Sums) -> Decimal:
        """What was held: direct cost (F7) or GPU hours (F1)."""
        return sums.cost if self.unit is Unit.MONEY else hours_of(sums.held_ms)

    def idle(self, sums: Sums) -> Decimal:
        """What was held and measured idle (F3)."""
        return sums.idle_cost if self.unit is Unit.MONEY else hours_of(sums.measured_ms - sums.active_ms)

    def said(self, amount: Decimal) -> str:
        """An amount of this unit within a sentence."""
        return money(amount, self.currency) if self.unit is Unit.MONEY else hours_said(amount)


def sign_of(currency: str) -> str:
    """How a currency is written: US$, CN¥, or its code."""
    return SIGNS.get(currency, currency)


def hours_of(ms: int) -> Decimal:
    """Milliseconds as hours."""
    return Decimal(ms) / HOUR_MS


def number(value: Decimal | int, places: int = 0) -> str:
    """A number with the separators of the language; halves go to the even digit."""
    exact = Decimal(value).quantize(_STEPS[places], rounding=ROUND_HALF_EVEN) + 0
    if _written_with_commas(get_language()):
        # The same as below at a tenth of the time: a page has thousands of numbers.
        return f"{exact:,.{places}f}"
    return number_format(exact, places, use_l10n=True, force_grouping=True)


@lru_cache(maxsize=8)
def _written_with_commas(language: str | None) -> bool:
    """Whether a language writes 1,234.5 for numbers."""
    names = ("THOUSAND_SEPARATOR", "DECIMAL_SEPARATOR", "NUMBER_GROUPING")
    return [get_format(name, language) for name in names] == [",", ".", 3]


def money(value: Decimal | None, currency: str) -> str:
    """An amount with its currency: "US$ 4,195.00"; "–" for none."""
    return NONE if value is None else f"{sign_of(currency)}\u00a0{number(value, 2)}"


def hours_said(hours: Decimal) -> str:
    """GPU hours within a sentence."""
    return _("%(n)s GPU hours") % {"n": number(hours, 1)}


def share(value: Decimal | None) -> str:
    """A share as percent: 0.234 is "23 %"."""
    return NONE if value is None else _("%(n)s %%") % {"n": number(value * 100)}


def ratio(value: Decimal | None) -> str:
    """A ratio with two places: the plan index."""
    return NONE if value is None else number(value, 2)


def change(value: Decimal | None) -> str:
    """A change as percent with its sign: "+12 %"."""
    if value is None:
        return NONE
    return ("+" if value > 0 else "") + share(value).replace("-", "\u2212")


def price(value: Decimal | None) -> str:
    """The price of one GPU hour, which does not add up."""
    return NONE if value is None else number(value, 2)


def part_of(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """The share of a whole; None where there is none."""
    return Decimal(part) / Decimal(whole) if whole else None


def short_day(day: date) -> str:
    """A day on the axis of a chart: "3 Nov" or "11月3日"."""
    return date_format(day, "n月j日" if _chinese() else "j M")


def period_text(period: Period) -> str:
    """A period as people say it: "November 2026", or its first and last day."""
    if (period.first.day, period.after.day) == (1, 1) and period.days <= 31:
        return date_format(period.first, "Y年n月" if _chinese() else "F Y")
    last = date.fromordinal(period.after.toordinal() - 1)
    if period.first == last:
        return day_text(last)
    return _("%(first)s to %(last)s") % {"first": day_text(period.first), "last": day_text(last)}


def hour_text(start: datetime) -> str:
    """The hour of a day, in the reporting time zone: "14:00"."""
    return f"{timezone.localtime(start):%H:%M}"


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")
