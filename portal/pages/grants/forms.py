"""What is typed into the pages of grants."""

from datetime import datetime, time

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

STATES = [
    ("", _("Not ended")),
    ("soon", _("Ends within 14 days")),
    ("attention", _("Needs attention")),
    ("unused", _("Active, not used in 30 days")),
    ("ended", _("Ended")),
    ("all", _("All")),
]


class GrantFilter(forms.Form):
    """How the list is narrowed; an unknown value narrows nothing."""

    q = forms.CharField(label=_("Image, project or person"), required=False, max_length=200)
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)


class SeenForm(forms.Form):
    """A change of a grant: `seen` is the end the page showed, so that nobody decides on something else."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def clean_seen(self) -> datetime:
        """The end that was shown; a form that was tampered with is asked for again."""
        seen = parse_datetime(self.cleaned_data["seen"])
        if seen is None or timezone.is_naive(seen):
            raise forms.ValidationError(_("Open the page again and repeat this"))
        return seen


class ReturnForm(SeenForm):
    """Why a team gives access back; may be left empty."""

    note = forms.CharField(
        label=_("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class ManyReturnForm(forms.Form):
    """Why several grants are given back: one note for all of them, which may be left empty."""

    note = forms.CharField(
        label=_("Note for all of them"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RevokeForm(SeenForm):
    """Why access is taken away."""

    note = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The members read this."),
        error_messages={"required": _("Enter a reason")},
    )


class ExtendForm(SeenForm):
    """The new last day."""

    ends = forms.DateField(
        label=_("New last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Select the new last day"),
            "invalid": _("Enter a date such as 2026-11-20"),
        },
    )

    def clean_ends(self) -> datetime:
        """The last second of that day where the house is."""
        day = self.cleaned_data["ends"]
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
