"""What is typed into the pages of budgets."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.models import Budget
from audit.costs.planning import BudgetTerms
from audit.costs.types import Period
from portal.edges.cost_owners import Owners
from portal.pages.costs_admin.fields import Choices, DayField, MoneyField, ThresholdsField

USUAL_THRESHOLDS = "80, 100"
MOST_FILE = 4 * 1024 * 1024


class BudgetForm(forms.Form):
    """What a team or a cost centre may spend in a period."""

    owner = forms.ChoiceField(
        label=gettext_lazy("Whose budget"),
        error_messages={"required": gettext_lazy("Select a team or a cost centre")},
    )
    starts = DayField(label=gettext_lazy("First day"))
    last = DayField(label=gettext_lazy("Last day"), help_text=gettext_lazy("It is still part of the period."))
    amount = MoneyField(label=gettext_lazy("Amount"), missing=gettext_lazy("Enter the amount"), digits=14)
    thresholds = ThresholdsField(
        label=gettext_lazy("Tell people at these percents"),
        required=False,
        max_length=100,
        initial=USUAL_THRESHOLDS,
        help_text=gettext_lazy("For example 80, 100. The leads and the budget owners are told once at each."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=300)

    def __init__(self, data: Any = None, *, known: Owners, budget: Budget | None = None) -> None:
        super().__init__(data, initial=_initial(budget))
        field: Any = self.fields["owner"]
        field.choices = _owner_choices(known, budget)

    def clean_amount(self) -> Any:
        """An amount above zero."""
        amount = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError(_("Enter an amount above 0"))
        return amount

    def clean(self) -> dict[str, Any]:
        """A period that does not end before it begins."""
        given = super().clean() or self.cleaned_data
        first, last = given.get("starts"), given.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day must not be before the first"))
        return given

    def terms(self) -> BudgetTerms:
        """What the form says, for the service."""
        given = dict(self.cleaned_data)
        kind, _colon, owner = given.pop("owner").partition(":")
        period = Period(given.pop("starts"), given.pop("last") + timedelta(days=1))
        return BudgetTerms(owner_kind=kind, owner=owner, period=period, **given)


class BudgetFileForm(forms.Form):
    """A file of budgets."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("UTF-8, UTF-16 or GB18030. The first line names the columns."),
        error_messages={
            "required": gettext_lazy("Choose a file"),
            "empty": gettext_lazy("The file is empty"),
        },
    )

    def clean_file(self) -> Any:
        """A file that is not larger than is read into memory."""
        upload = self.cleaned_data["file"]
        if upload.size > MOST_FILE:
            raise forms.ValidationError(_("The file must be smaller than 4 MB"))
        return upload


def _owner_choices(known: Owners, budget: Budget | None) -> Choices:
    teams = [(f"team:{key}", name) for key, name in known.teams.items()]
    centres = [(f"cost_centre:{name}", name) for name in known.centres]
    groups: Choices = [("", _("Select")), (_("Teams"), teams)]
    groups += [(_("Cost centres"), centres)] if centres else []
    if budget and not known.knows(budget.owner_kind, budget.owner):
        groups.append((f"{budget.owner_kind}:{budget.owner}", budget.owner))
    return groups


def _initial(budget: Budget | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    return {
        "owner": f"{budget.owner_kind}:{budget.owner}",
        "starts": budget.starts,
        "last": budget.ends - timedelta(days=1),
        "amount": budget.amount,
        "thresholds": ", ".join(map(str, budget.thresholds)),
        "note": budget.note,
    }
