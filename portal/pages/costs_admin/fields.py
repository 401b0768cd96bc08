"""Fields of the cost forms, with our own words for what is wrong."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_SPLIT = re.compile(r"[\s,;，；、%％]+")
Choices = list[tuple[str, Any]]
Words = "str | Promise"


class DayField(forms.DateField):
    """A day."""

    def __init__(self, *, missing: Any = "", **kwargs: Any) -> None:
        said: Any = gettext_lazy("Enter a date such as 2026-11-20")
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": said, "required": missing or said},
            **kwargs,
        )


class MonthField(forms.DateField):
    """A month, as its first day."""

    def __init__(self, **kwargs: Any) -> None:
        said = gettext_lazy("Enter a month such as 2026-11")
        super().__init__(
            input_formats=["%Y-%m", "%Y-%m-%d"],
            widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
            error_messages={"invalid": said, "required": said},
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        """The first day of the month."""
        day = super().clean(value)
        return day.replace(day=1) if day else day


class MoneyField(forms.DecimalField):
    """An amount in the currency of the settings, not negative; `1,250.50` and `1 250.50` are read too."""

    def __init__(self, *, places: int = 2, digits: int = 14, missing: Any = "", **kwargs: Any) -> None:
        said: Any = gettext_lazy("Enter an amount such as 1250.50")
        super().__init__(
            max_digits=digits,
            decimal_places=places,
            min_value=kwargs.pop("min_value", 0),
            widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            error_messages={
                "invalid": said,
                "required": missing or said,
                "min_value": gettext_lazy("The amount must not be below %(limit_value)s"),
                "max_value": gettext_lazy("The amount must be at most %(limit_value)s"),
                "max_decimal_places": gettext_lazy("The amount can have at most %(max)s decimal places"),
                "max_digits": gettext_lazy("The amount can have at most %(max)s digits"),
                "max_whole_digits": gettext_lazy(
                    "The amount can have at most %(max)s digits before the point"
                ),
            },
            **kwargs,
        )

    def to_python(self, value: Any) -> Any:
        """The amount, without the spaces and commas that set thousands apart."""
        return super().to_python(without_grouping(value) if isinstance(value, str) else value)


class ThresholdsField(forms.CharField):
    """Percents such as `80, 100`, as a sorted list of whole numbers."""

    def clean(self, value: Any) -> Any:
        """The percents."""
        text = super().clean(value)
        return read_thresholds(text)


def read_thresholds(text: str) -> list[int]:
    """Percents from a text, sorted, each once. Raises ValidationError."""
    words = [word for word in _SPLIT.split(text.strip()) if word]
    if any(not word.isascii() or not word.isdecimal() or not 1 <= int(word[:6]) <= 200 for word in words):
        raise forms.ValidationError(_("Enter whole percents from 1 to 200, such as 80, 100"))
    if len(set(words)) > 10:
        raise forms.ValidationError(_("Enter at most 10 thresholds"))
    return sorted({int(word) for word in words})


def without_grouping(text: str) -> str:
    """A number without spaces, and without commas that set groups of three apart."""
    text = text.strip().replace(" ", "").replace("\u00a0", "").replace("，", ",")
    return text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", text) else text


def percent_text(share: Decimal) -> str:
    """A share as a percent without needless zeros: 0.05 is "5 %"."""
    return f"{(share * 100).normalize():f}\u00a0%"
