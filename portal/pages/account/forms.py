"""What is typed into the account's pages."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

LENGTHS = [(30, _("30 days")), (90, _("90 days")), (365, _("1 year"))]
HOURS = [(12, _("12 hours")), (72, _("3 days")), (24 * 7, _("7 days")), (24 * 30, _("30 days"))]
SCOPES = [
    ("read", _("Look at things")),
    ("read write", _("Also change things")),
    ("read write admin", _("Also do what only administrators may")),
]


class LanguageForm(forms.Form):
    """The language of mail, and of pages where the browser has no other choice."""

    language = forms.ChoiceField(
        label=_("Language of pages and mail"),
        choices=[("", _("As the browser says")), *settings.LANGUAGES],
        required=False,
    )


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("What it is for"),
        max_length=100,
        help_text=_("For example: nightly report"),
        error_messages={"required": _("Enter what the token is for")},
    )
    scopes = forms.ChoiceField(label=_("What it may do"), choices=SCOPES, widget=forms.RadioSelect)
    days = forms.TypedChoiceField(label=_("How long it works"), choices=LENGTHS, coerce=int)

    def __init__(self, *args: Any, administrator: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = SCOPES if administrator else SCOPES[:-1]  # type: ignore[attr-defined]


class CredentialForm(forms.Form):
    """A new pull token."""

    hours = forms.TypedChoiceField(label=_("How long it works"), choices=HOURS, coerce=int)
