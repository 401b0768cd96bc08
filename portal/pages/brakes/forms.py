"""What is typed to decide on what the brake holds back."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    """Why it is released or refused; `seen` is the number of grants that was shown."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is recorded with your name. When you release, the members read it."),
        error_messages={"required": _("Enter a reason")},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)
