"""A file of usage that somebody brings."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.sources.limits import MOST_BYTES

FORMATS = [
    ("auto", gettext_lazy("Find out from the file")),
    ("opencost", gettext_lazy("OpenCost allocation answer (JSON)")),
    ("google", gettext_lazy("Google detailed billing export (CSV, JSON Lines, Parquet)")),
    ("focus", gettext_lazy("FOCUS 1.2 (CSV)")),
    ("csv", gettext_lazy("Plain CSV")),
    ("dcgm", gettext_lazy("Prometheus range answer with DCGM metrics (JSON)")),
]


class UsageFileForm(forms.Form):
    """Which file, in which format."""

    file = forms.FileField(
        label=gettext_lazy("File of usage"),
        help_text=gettext_lazy("Nothing is stored before you have seen what it changes."),
        error_messages={
            "required": gettext_lazy("Choose a file"),
            "empty": gettext_lazy("The file is empty"),
        },
    )
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=FORMATS, initial="auto")

    def clean_file(self) -> Any:
        """A file that is not larger than is read into memory."""
        upload = self.cleaned_data["file"]
        if upload.size > MOST_BYTES:
            raise forms.ValidationError(_("The file must be smaller than %(n)s MB") % {"n": MOST_BYTES >> 20})
        return upload
