"""What is typed into the pages of reservations, overhead and settings."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.models import CostSettings, Overhead, Reservation
from audit.costs.reservations import ReservationTerms
from portal.edges.cost_owners import Owners
from portal.pages.costs_admin.fields import Choices, DayField, MoneyField, MonthField
from portal.pages.costs_admin.words import METHODS


class ReservationForm(forms.Form):
    """GPUs that a team pays for whether they are used or not."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        error_messages={"required": gettext_lazy("Enter a name")},
    )
    team = forms.ChoiceField(
        label=gettext_lazy("Team that pays"),
        error_messages={"required": gettext_lazy("Select the team that pays")},
    )
    cluster = forms.CharField(
        label=gettext_lazy("Cluster"),
        max_length=80,
        error_messages={"required": gettext_lazy("Enter the name of the cluster")},
    )
    gpu_type = forms.ChoiceField(
        label=gettext_lazy("GPU type"),
        error_messages={"required": gettext_lazy("Select the GPU type")},
    )
    gpus = forms.IntegerField(
        label=gettext_lazy("GPUs"),
        min_value=1,
        max_value=100_000,
        error_messages={
            "required": gettext_lazy("Enter how many GPUs are reserved"),
            "invalid": gettext_lazy("Enter a whole number"),
        },
    )
    starts = DayField(label=gettext_lazy("First day"))
    last = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Leave it empty while no end is known."),
    )

    def __init__(
        self, data: Any = None, *, known: Owners, types: Choices, reservation: Reservation | None = None
    ) -> None:
        super().__init__(data, initial=_reservation_initial(reservation))
        if reservation is not None:
            del self.fields["name"]
        teams = with_kept(list(known.teams.items()), reservation.team if reservation else "")
        fields: Any = self.fields
        fields["team"].choices = [("", _("Select")), *teams]
        fields["gpu_type"].choices = [
            ("", _("Select")),
            *with_kept(types, reservation.gpu_type if reservation else ""),
        ]

    def clean(self) -> dict[str, Any]:
        """A reservation that does not end before it begins."""
        given = super().clean() or self.cleaned_data
        first, last = given.get("starts"), given.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day must not be before the first"))
        return given

    def clean_name(self) -> str:
        """A name that no reservation has."""
        name: str = self.cleaned_data["name"].strip()
        if Reservation.objects.filter(name=name).exists():
            raise forms.ValidationError(_("There is a reservation of this name already"))
        return name

    def terms(self, name: str = "") -> ReservationTerms:
        """What the form says, for the service; `name` that of the reservation that is changed."""
        given = {"name": name, **self.cleaned_data}
        last: date | None = given.pop("last")
        return ReservationTerms(**given, ends=last + timedelta(days=1) if last else None)


class OverheadForm(forms.Form):
    """A cost of one month that belongs to nobody alone."""

    month = MonthField(label=gettext_lazy("Month"))
    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=120,
        help_text=gettext_lazy("For example control plane, network, storage."),
        error_messages={"required": gettext_lazy("Enter what it is for")},
    )
    amount = MoneyField(label=gettext_lazy("Amount"), missing=gettext_lazy("Enter the amount"))

    def __init__(self, data: Any = None, *, overhead: Overhead | None = None) -> None:
        super().__init__(data, initial={"amount": overhead.amount} if overhead else None)
        if overhead is not None:
            del self.fields["month"], self.fields["name"]

    def clean(self) -> dict[str, Any]:
        """A name that nothing of the month has."""
        given = super().clean() or self.cleaned_data
        month, name = given.get("month"), given.get("name")
        if month and name and Overhead.objects.filter(month=month, name=name.strip()).exists():
            self.add_error("name", _("The month has an overhead of this name already"))
        return given


class SettingsForm(forms.Form):
    """The choices that figures are printed with."""

    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy(
            "Three letters such as USD. Rates, budgets and overhead are in it; nothing is converted."
        ),
        error_messages={"required": gettext_lazy("Enter a currency such as USD")},
    )
    shared_method = forms.ChoiceField(
        label=gettext_lazy("How shared cost is shared out"),
        choices=list(METHODS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select how shared cost is shared out")},
    )
    active_threshold = forms.DecimalField(
        label=gettext_lazy("Percent of activity from which a GPU counts as active"),
        min_value=1,
        max_value=100,
        max_digits=4,
        decimal_places=1,
        error_messages={
            "required": gettext_lazy("Enter a percent from 1 to 100"),
            "invalid": gettext_lazy("Enter a percent from 1 to 100"),
            "min_value": gettext_lazy("Enter a percent from 1 to 100"),
            "max_value": gettext_lazy("Enter a percent from 1 to 100"),
        },
    )
    closed_after_days = forms.IntegerField(
        label=gettext_lazy("Days after which a day is closed"),
        min_value=0,
        max_value=60,
        help_text=gettext_lazy("What changes a closed day later is listed as a restatement."),
        error_messages={
            "required": gettext_lazy("Enter a whole number from 0 to 60"),
            "invalid": gettext_lazy("Enter a whole number from 0 to 60"),
            "min_value": gettext_lazy("Enter a whole number from 0 to 60"),
            "max_value": gettext_lazy("Enter a whole number from 0 to 60"),
        },
    )
    member_names = forms.BooleanField(
        label=gettext_lazy("Members see whose use it was, not only leads"), required=False
    )

    def __init__(self, data: Any = None, *, settings: CostSettings) -> None:
        names = ("currency", "shared_method", "closed_after_days", "member_names")
        initial = {one: getattr(settings, one) for one in names}
        percent = (settings.active_threshold * 100).normalize()
        super().__init__(data, initial=initial | {"active_threshold": f"{percent:f}"})

    def clean_currency(self) -> str:
        """Three capital letters."""
        text: str = self.cleaned_data["currency"].strip().upper()
        if not (len(text) == 3 and text.isascii() and text.isalpha()):
            raise forms.ValidationError(_("Enter a currency such as USD"))
        return text

    def values(self) -> dict[str, Any]:
        """What the form says, for the service; the threshold as a share."""
        given = dict(self.cleaned_data)
        return given | {"active_threshold": given["active_threshold"] / 100}


def with_kept(choices: Choices, kept: str) -> Choices:
    """The choices, and beside them a value that is set but no longer offered."""
    known = not kept or kept in {key for key, _label in choices}
    return choices if known else [*choices, (kept, kept)]


def _reservation_initial(reservation: Reservation | None) -> dict[str, Any] | None:
    if reservation is None:
        return None
    kept = {
        one: getattr(reservation, one) for one in ("name", "team", "cluster", "gpu_type", "gpus", "starts")
    }
    return kept | {"last": reservation.ends - timedelta(days=1) if reservation.ends else None}
