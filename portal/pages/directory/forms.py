"""What is typed into the directory's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.directory.importing import MAX_FILE
from grants.directory.models import Project
from grants.directory.types import ProjectChanges


class WordsForm(forms.Form):
    """Words to look for."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)


class PeopleFilter(WordsForm):
    """How the list of people is narrowed."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any")), ("active", _("Active")), ("disabled", _("Disabled"))],
    )


class ReasonForm(forms.Form):
    """Why somebody is disabled."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Enter a reason")},
    )


class RobotForm(forms.Form):
    """A new robot of a project."""

    name = forms.CharField(
        label=_("Name of the robot"),
        max_length=40,
        help_text=_(
            "Small letters, digits and hyphens, for example ci. The same name again replaces its secret."
        ),
        error_messages={"required": _("Enter a name for the robot")},
    )
    days = forms.TypedChoiceField(
        label=_("How long it works"),
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days"))],
        coerce=int,
        initial=30,
    )


class ProjectForm(forms.Form):
    """A project's settings; the service checks the forms of keys."""

    name = forms.CharField(label=_("Name"), max_length=160, error_messages={"required": _("Enter a name")})
    jira_project = forms.CharField(
        label=_("Jira project"), required=False, max_length=60, help_text=_("For example AF")
    )
    jira_issue = forms.CharField(
        label=_("Jira issue"),
        required=False,
        max_length=60,
        help_text=_("When it is done, all access of the project ends. For example AF-12"),
    )
    grace_hours = forms.IntegerField(
        label=_("Hours of grace after it is done"), error_messages={"required": _("Enter a whole number")}
    )
    notice_days = forms.IntegerField(
        label=_("Days of notice before access ends"),
        help_text=_("The leads and members are told again this long before."),
        error_messages={"required": _("Enter a whole number")},
    )
    max_hold_days = forms.IntegerField(
        label=_("Days that the end may be put on hold"),
        help_text=_("How long after the grace a lead can have access go on. 0: not at all."),
        error_messages={"required": _("Enter a whole number")},
    )
    gpu_quota = forms.IntegerField(
        label=_("GPU quota"), error_messages={"required": _("Enter a whole number")}
    )
    namespace = forms.CharField(label=_("Namespace"), required=False, max_length=63)
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("open", _("Open")), ("closed", _("Closed: all its access ends now"))],
        widget=forms.RadioSelect,
    )

    @classmethod
    def of(cls, project: Project, posted: Any = None) -> "ProjectForm":
        """The form filled with a project's settings, or with what was posted."""
        return cls(posted, initial={name: getattr(project, name) for name in cls.base_fields})

    def changes(self) -> ProjectChanges:
        """What the form says, for the service."""
        return ProjectChanges(**{name: self.cleaned_data[name] for name in self.fields})


class ImportForm(forms.Form):
    """A file of teams, projects or people."""

    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("UTF-8, UTF-16 or GB18030. The first line names the columns."),
        error_messages={"required": _("Choose a file"), "empty": _("The file is empty")},
    )

    def clean_file(self) -> Any:
        """A file that is not larger than is read into memory."""
        upload = self.cleaned_data["file"]
        if upload.size > MAX_FILE:
            raise forms.ValidationError(_("The file must be smaller than 16 MB"))
        return upload
