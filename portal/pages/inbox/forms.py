"""The decision form: approve, reject or ask, with a reason where one is needed."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.requests.states import Verdict
from portal.pages.inbox.presenters import lane_names

VERDICTS = [
    (Verdict.APPROVE.value, gettext_lazy("Approve")),
    (Verdict.DENY.value, gettext_lazy("Reject")),
    (Verdict.ASK.value, gettext_lazy("Ask a question")),
]


class DecisionForm(forms.Form):
    """One verdict for one lane. With a single lane there is nothing to choose, so it travels hidden."""

    lane = forms.ChoiceField(
        label=gettext_lazy("Decide for"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select for which group you decide")},
    )
    verdict = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        choices=VERDICTS,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select approve, reject or ask a question")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason or question"),
        help_text=gettext_lazy(
            "Needed to reject or to ask. The requester and the people on the list can read it. "
            "A rejection is final for all groups of approvers."
        ),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, lanes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["lane"]
        field.choices = lane_names(lanes)  # type: ignore[attr-defined]
        if len(lanes) == 1:
            field.initial, field.widget = lanes[0], forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Ask for the words that a rejection or a question needs."""
        given = super().clean() or {}
        if given.get("verdict") in (Verdict.DENY, Verdict.ASK) and not given.get("reason"):
            asks = given["verdict"] == Verdict.ASK
            self.add_error("reason", _("Enter your question") if asks else _("Enter a reason"))
        return given
