"""The forms of the request pages. They read and name; whether an answer may be kept is the services' to say."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approvals.requests.collecting import policy_settings
from approvals.requests.models import ENVIRONMENTS, ROLES, Request
from approvals.requests.types import DraftChanges
from grants.directory.models import Project
from grants.directory.selectors import projects_requestable_by
from grants.directory.standing import Standing
from portal.pages.markup import day_text
from portal.pages.requests.presenters import ENVIRONMENT_LABELS, role_text

FEW_PROJECTS = 6
LENGTHS = (30, 60, 90)
UNTIL = "until"
TEXT_LENGTH = 2000


class ProjectChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A project by its name and team."""

    def label_from_instance(self, obj: Any) -> str:
        """Name the project and its team."""
        return _("%(project)s (%(team)s)") % {"project": obj.name, "team": obj.team.name}


class ProjectForm(forms.Form):
    """Step 1: for which project, what the team will do, and where."""

    project = ProjectChoice(
        label=gettext_lazy("Project"),
        queryset=Project.objects.none(),
        help_text=gettext_lazy("Access ends when the project ends. You see the projects of teams you lead."),
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Select the project"),
            "invalid_choice": gettext_lazy("Select a project of a team that you lead"),
        },
    )
    role = forms.ChoiceField(
        label=gettext_lazy("What will the team do with the images?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select what the team will do with the images")},
    )
    environment = forms.ChoiceField(
        label=gettext_lazy("Environment"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select research or production")},
    )

    def __init__(self, *args: Any, viewer: Standing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = projects_requestable_by(viewer)
        field = self.fields["project"]
        count = projects.count()
        field.widget = forms.RadioSelect() if count <= FEW_PROJECTS else forms.Select()
        field.queryset = projects  # type: ignore[attr-defined]
        if count == 1:
            self.initial["project"] = self.initial.get("project") or projects[0].pk
        self.fields["role"].choices = [(code, role_text(code)) for code, _label in ROLES]  # type: ignore[attr-defined]
        self.fields["environment"].choices = [  # type: ignore[attr-defined]
            (code, ENVIRONMENT_LABELS[code]) for code, _label in ENVIRONMENTS
        ]

    def changes(self) -> DraftChanges:
        """The answers for the service."""
        given = self.cleaned_data
        return DraftChanges(project=given["project"], role=given["role"], environment=given["environment"])


class PurposeForm(forms.Form):
    """Step 4: why, from when and for how long, and which GPUs are planned."""

    use_case = forms.CharField(
        label=gettext_lazy("Use case"),
        help_text=gettext_lazy(
            "What the team will do, with which class of data, and what should come out of it. For example: "
            "“Train the card fraud model on masked transactions of 2025 and compare it with the current one.”"
        ),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Enter the use case")},
    )
    ticket = forms.CharField(
        label=gettext_lazy("Ticket"),
        help_text=gettext_lazy("A link or key, such as FRAUD-12"),
        required=False,
    )
    starts = forms.DateField(
        label=gettext_lazy("Start"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("Enter the day on which access starts"),
            "invalid": gettext_lazy("Enter the start as a date, such as 2026-11-20"),
        },
    )
    length = forms.ChoiceField(
        label=gettext_lazy("How long does the team need access?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select how long the team needs access")},
    )
    ends = forms.DateField(
        label=gettext_lazy("End date"),
        help_text=gettext_lazy("Only when you selected an end date above"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("Enter the end as a date, such as 2026-12-20")},
    )
    gpu_type = forms.CharField(
        label=gettext_lazy("GPU type"), help_text=gettext_lazy("For example L40S"), required=False
    )
    gpu_hours_per_week = forms.IntegerField(
        label=gettext_lazy("GPU hours per person per week"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": gettext_lazy("Enter whole hours, 0 or more")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = policy_settings().max_days
        kept = self.initial.get("length", "")
        days = {*(day for day in LENGTHS if day <= most), *([int(kept)] if kept.isdigit() else [])}
        field = self.fields["length"]
        field.choices = [*((str(day), _days(day)) for day in sorted(days)), (UNTIL, _("Until an end date"))]  # type: ignore[attr-defined]
        field.help_text = _("The most allowed is %(days)s.") % {"days": _days(most)}

    def clean_use_case(self) -> str:
        """The use case with the line ends of this house."""
        return str(self.cleaned_data["use_case"]).replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        """Check the dates against today and each other."""
        given = super().clean() or {}
        today = timezone.localdate()
        if given.get("starts") and given["starts"] < today and "starts" in self.changed_data:
            self.add_error("starts", _("The start must be today or later"))
        if given.get("length") == UNTIL and "ends" not in self.errors:
            self._check_end(given, today)
        return given

    def _check_end(self, given: dict[str, Any], today: dt.date) -> None:
        ends, first = given.get("ends"), max(given.get("starts") or today, today)
        if ends is None:
            self.add_error("ends", _("Enter the end date"))
        elif ends <= first:
            words = _("End date must be after %(day)s")
            if first == today:
                words = _("End date must be after today, %(day)s")
            self.add_error("ends", words % {"day": day_text(first)})

    def changes(self) -> DraftChanges:
        """The answers for the service. A start of today means: as soon as it is approved."""
        given = self.cleaned_data
        until = given["length"] == UNTIL
        return DraftChanges(
            use_case=given["use_case"],
            ticket=given["ticket"],
            starts=_midnight(given["starts"]) if given["starts"] > timezone.localdate() else None,
            days=None if until else int(given["length"]),
            ends=_last_minute(given["ends"]) if until else None,
            gpu_type=given["gpu_type"],
            gpu_hours_per_week=given["gpu_hours_per_week"],
        )


class PeopleForm(forms.Form):
    """People as text: pasted to be added, or the whole list of a request that was sent."""

    people_text = forms.CharField(
        label=gettext_lazy("Paste people"),
        help_text=gettext_lazy(
            "E-mail addresses, user names, employee numbers or full names, separated by new lines, commas or "
            "semicolons. Up to 500 people."
        ),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Paste at least one person")},
    )


class UploadForm(forms.Form):
    """A file of people."""

    file = forms.FileField(
        label=gettext_lazy("Upload a CSV file"),
        help_text=gettext_lazy("Smaller than 1 MB. You choose the column next; other columns are not read."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        error_messages={"required": gettext_lazy("Choose a CSV file")},
    )


class ColumnForm(forms.Form):
    """Which column of the file names the people; the file's text travels along."""

    csv_text = forms.CharField(widget=forms.HiddenInput, strip=False)
    column = forms.TypedChoiceField(
        label=gettext_lazy("Which column identifies the person?"),
        coerce=int,
        error_messages={"required": gettext_lazy("Select the column that identifies the person")},
    )


class RequestChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A request by its number and project."""

    def label_from_instance(self, obj: Any) -> str:
        """Name the request and its project."""
        return f"{obj.number} · {obj.project.name}" if obj.project else obj.number


class CopyForm(forms.Form):
    """An earlier request whose people are copied; `offered` says whether there is one."""

    offered = False

    source = RequestChoice(
        label=gettext_lazy("Copy members from an earlier request"),
        queryset=Request.objects.none(),
        empty_label=gettext_lazy("Choose a request"),
        error_messages={
            "required": gettext_lazy("Choose the request to copy from"),
            "invalid_choice": gettext_lazy("Choose a request from the list"),
        },
    )


class AnswerForm(forms.Form):
    """The answer to an approver's question."""

    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Enter your answer")},
    )


class WithdrawForm(forms.Form):
    """Why a request is taken back, if anybody should know."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The approvers see it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def purpose_of(request: Request) -> dict[str, Any]:
    """The kept answers of step 4 as the form shows them."""
    starts = timezone.localdate(request.starts) if request.starts else timezone.localdate()
    return {
        "use_case": request.use_case,
        "ticket": request.ticket,
        "starts": max(starts, timezone.localdate()),
        "length": UNTIL
        if request.ends and not request.days
        else str(request.days or policy_settings().default_days),
        "ends": timezone.localdate(request.ends) if request.ends and not request.days else None,
        "gpu_type": request.gpu_type,
        "gpu_hours_per_week": request.gpu_hours_per_week,
    }


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def _last_minute(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(23, 59)))
