"""What is typed into the catalogue's pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_REPORT = 12 * 1024 * 1024
"""Bytes of a scan report; Django reads no more into memory either."""


class CatalogueFilter(forms.Form):
    """How the list is narrowed; an unknown value narrows nothing."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    access = forms.ChoiceField(
        label=_("Access level"),
        required=False,
        choices=[
            ("", _("Any")),
            ("open", _("Standard")),
            ("restricted", _("Restricted")),
            ("blocked", _("Blocked image")),
        ],
    )
    scan = forms.ChoiceField(
        label=_("Scan"),
        required=False,
        choices=[
            ("", _("Any")),
            ("clean", _("No critical findings")),
            ("critical", _("Critical findings")),
            ("none", _("Not scanned")),
        ],
    )
    have = forms.ChoiceField(
        label=_("Who has it"),
        required=False,
        choices=[("", _("Any")), ("me", _("I have it")), ("team", _("My team has it"))],
    )


class MarkForm(forms.Form):
    """Why an image is marked."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("People who look at the image read this."),
        error_messages={"required": _("Enter a reason")},
    )


class BlockForm(MarkForm):
    """Why an image is blocked, and whether the brake may hold much access back."""

    security = forms.BooleanField(
        label=_("This is a security matter: end all access at once, however much it is"), required=False
    )


class ScanForm(forms.Form):
    """A scan report to upload."""

    report = forms.FileField(
        label=_("Trivy report"),
        help_text=_("JSON as written by: trivy image --format json"),
        error_messages={"required": _("Choose a report"), "empty": _("The file is empty")},
    )

    def clean_report(self) -> bytes:
        """The report's bytes, not larger than is read into memory."""
        upload = self.cleaned_data["report"]
        if upload.size > MAX_REPORT:
            raise forms.ValidationError(_("The file must be smaller than 12 MB"))
        content: bytes = upload.read()
        return content
