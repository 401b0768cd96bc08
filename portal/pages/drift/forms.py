"""What is typed into the pages of drift."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from grants.delivery.drift_decisions import possible_decisions
from grants.delivery.drift_records import digest_of_facts
from grants.delivery.drift_states import LONGEST_IGNORE, Decision
from grants.delivery.models import Drift
from grants.delivery.targets import targets_with_layout
from portal.pages.words import DRIFT_KIND

STATES = [
    ("", _("Not as granted")),
    ("stopped", _("Stopped, needs a person")),
    ("accepted", _("Accepted or ignored")),
    ("closed", _("As granted again")),
    ("all", _("All")),
]
CHOICES = {
    Decision.REVERT: _("Put it right now: make it what was granted"),
    Decision.ADOPT: _("Accept it as it is, until it changes again"),
    Decision.IGNORE: _("Ignore it until a day"),
}


def _targets() -> list[tuple[str, Any]]:
    return [("", _("Any")), *((target.key, target.name) for target in targets_with_layout())]


def _kinds() -> list[tuple[str, Any]]:
    return [("", _("Any")), *((word.code, word.label) for word in DRIFT_KIND.values())]


class DriftFilter(forms.Form):
    """How the list is narrowed; an unknown value narrows nothing."""

    target = forms.ChoiceField(label=_("System"), required=False, choices=lazy(_targets, list))
    kind = forms.ChoiceField(label=_("Difference"), required=False, choices=lazy(_kinds, list))
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)


class DecisionForm(forms.Form):
    """One decision, with its reason; only what is possible can be chosen. `seen`: a digest of what the page showed."""

    decision = forms.ChoiceField(
        label=_("What should happen"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Select what should happen")},
    )
    until = forms.DateField(
        label=_("Ignore until"),
        required=False,
        help_text=_("Only when you ignore it: a day within the next 30 days."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Enter a date such as 2026-11-20")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept in the log, and the owners read it."),
        error_messages={"required": _("Enter a reason")},
    )

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, drift: Drift) -> None:
        self.shown = digest_of_facts(drift.wanted, drift.seen)
        super().__init__(data, initial={"seen": self.shown})
        possible = possible_decisions(drift)
        field: Any = self.fields["decision"]
        field.choices = [(one.value, CHOICES[one]) for one in possible]
        if Decision.IGNORE not in possible:
            del self.fields["until"]

    def clean_seen(self) -> str:
        """What the page showed: nobody decides about something else."""
        if self.cleaned_data["seen"] != self.shown:
            raise forms.ValidationError(_("It changed while you were deciding. Look at it again"))
        return self.shown

    def clean_until(self) -> datetime | None:
        """The end of that day, and never beyond the longest time; the service judges the rest."""
        day = self.cleaned_data["until"]
        if day is None:
            return None
        end = timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
        longest = timezone.now() + LONGEST_IGNORE
        return min(end, longest) if end - longest < timedelta(days=1) else end


class ReleaseForm(forms.Form):
    """Why removals that were held back may go on."""

    target = forms.SlugField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("It is kept in the log with your name."),
        error_messages={"required": _("Enter a reason")},
    )
