"""New prices as they are typed: any number of rows, which go from page to page until they are published."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.rates import MOST, RateChange
from portal.pages.costs_admin.fields import Choices, DayField, MoneyField
from portal.pages.costs_admin.words import CLASSES

MOST_ROWS = 40
NAMES = ("gpu_type", "cluster", "pricing_class", "from_day", "price", "ends")


class RateForm(forms.Form):
    """One new price, or its end."""

    gpu_type = forms.ChoiceField(
        label=gettext_lazy("GPU type"), error_messages={"required": gettext_lazy("Select the GPU type")}
    )
    cluster = forms.CharField(
        label=gettext_lazy("Cluster"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Empty: every cluster."),
    )
    pricing_class = forms.ChoiceField(
        label=gettext_lazy("Class"),
        required=False,
        choices=[("", gettext_lazy("Every class")), *CLASSES.items()],
    )
    from_day = DayField(label=gettext_lazy("From"), missing=gettext_lazy("Enter the day from which it holds"))
    price = MoneyField(label=gettext_lazy("Price of a GPU hour"), places=6, required=False, max_value=MOST)
    ends = forms.BooleanField(label=gettext_lazy("The price ends that day"), required=False)

    def __init__(self, *args: Any, types: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["gpu_type"]
        field.choices = [("", _("Select")), *types]

    def clean(self) -> dict[str, Any]:
        """Either a price or its end."""
        given = super().clean() or self.cleaned_data
        if given.get("ends") and given.get("price") is not None:
            self.add_error("price", _("Enter a price or tick that it ends, not both"))
        if not given.get("ends") and given.get("price") is None and "price" not in self.errors:
            self.add_error("price", _("Enter the price of a GPU hour, or tick that it ends"))
        return given

    def change(self) -> RateChange:
        """What the row says, for the service."""
        given = self.cleaned_data
        return RateChange(
            gpu_type=given["gpu_type"],
            from_day=given["from_day"],
            price=None if given["ends"] else given["price"],
            cluster=given["cluster"].strip(),
            pricing_class=given["pricing_class"],
        )


class RateFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # no subscript when it runs
    """The rows of a change; the first one must be filled, empty ones at the end do not count."""

    default_error_messages = {  # noqa: RUF012 - Django's own form of it
        "too_many_forms": gettext_lazy("Change at most %(num)d prices at once"),
        "missing_management_form": gettext_lazy("The rows did not arrive whole. Load the page again"),
    }

    def clean(self) -> None:
        """Each price once."""
        seen: set[tuple[Any, ...]] = set()
        for form in self.forms:
            given = form.cleaned_data if form.is_valid() else {}
            key = tuple(given.get(name) for name in NAMES[:4])
            if given and key in seen:
                form.add_error("from_day", _("There is another row for the same thing and day"))
            seen.add(key)

    def changes(self) -> list[RateChange]:
        """What the rows say, for the service."""
        return [form.change() for form in self.forms if form.has_changed()]


def rows_of(types: Choices, posted: QueryDict) -> RateFormSet:
    """The rows as they were posted, to be checked."""
    made: RateFormSet = _FORMSET(posted, prefix="row", form_kwargs={"types": types})
    return made


def rows_with(types: Choices, rows: Sequence[Mapping[str, Any]]) -> RateFormSet:
    """Rows to be filled, not checked yet, with what they hold so far."""
    made: RateFormSet = _FORMSET(initial=list(rows), prefix="row", form_kwargs={"types": types})
    return made


def raw_rows(posted: QueryDict) -> list[dict[str, Any]]:
    """What was typed into each row, as it was typed."""
    rows: list[dict[str, Any]] = [
        {name: posted.get(f"row-{place}-{name}", "") for name in NAMES} for place in range(_count(posted))
    ]
    return [row | {"ends": row["ends"] not in ("", "False")} for row in rows]


class PublishForm(forms.Form):
    """Why prices change, and which version they were prepared against."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    reason = forms.CharField(
        label=gettext_lazy("Why prices change"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It is kept with the version and in the log."),
        error_messages={
            "required": gettext_lazy("Enter why prices change"),
            "max_length": gettext_lazy("The reason must be 500 characters or fewer"),
        },
    )


def _count(posted: QueryDict) -> int:
    text = posted.get("row-TOTAL_FORMS") or ""
    return min(int(text), MOST_ROWS) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


_FORMSET: Any = forms.formset_factory(
    RateForm,
    formset=RateFormSet,
    extra=0,
    min_num=1,
    max_num=MOST_ROWS,
    validate_max=True,
    absolute_max=MOST_ROWS + 1,
)
