"""How the logs are narrowed; the same form reads a list's address and a download's post."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from audit.ledger.types import EventFilters
from portal.pages.audit.kinds import GROUPS

DEFAULT_DAYS = 7
PRESETS = [
    ("", _("Last 7 days")),
    ("1", _("Last 24 hours")),
    ("30", _("Last 30 days")),
    ("all", _("All time")),
]
PRINCIPALS = _("For example person:12, robot:3 or workload:main/fraud/trainer")
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _kinds() -> list[tuple[str, Any]]:
    return [("", _("Any")), *GROUPS.items()]


class EventFilter(forms.Form):
    """What the explorer narrows by.

    `days` is used where neither `since` nor `until` is given; `hour` narrows the day of `since`.
    """

    days = forms.ChoiceField(label=_("Time"), required=False, choices=PRESETS)
    since = forms.DateField(label=_("From"), required=False, widget=DATE)
    until = forms.DateField(label=_("To"), required=False, widget=DATE)
    hour = forms.IntegerField(
        label=_("Hour"), required=False, min_value=0, max_value=23, widget=forms.HiddenInput
    )
    kind = forms.ChoiceField(label=_("What happened"), required=False, choices=lazy(_kinds, list))
    q = forms.CharField(label=_("Free text"), required=False, max_length=200)
    people = forms.BooleanField(label=_("Hide system events"), required=False)
    actor = forms.CharField(
        label=_("Actor"), required=False, max_length=100, help_text=_("For example person:12")
    )
    person = forms.CharField(
        label=_("About the person"), required=False, max_length=400, help_text=PRINCIPALS
    )
    subject = forms.CharField(
        label=_("About"), required=False, max_length=200, help_text=_("For example request:42 or grant:7")
    )
    project = forms.CharField(label=_("Project key"), required=False, max_length=60)
    team = forms.CharField(label=_("Team key"), required=False, max_length=60)
    image = forms.CharField(label=_("Image"), required=False, max_length=300)

    def filters(self, now: datetime) -> EventFilters:
        """The filters that the form stands for; what cannot be read narrows nothing but is said as an error."""
        self.is_valid()
        given = self.cleaned_data
        since, until = self._window(now)
        names = ("actor", "person", "subject", "kind", "project", "team", "image")
        exact = {name: str(given.get(name) or "").strip() for name in names}
        hidden = bool(given.get("people"))
        return EventFilters(since=since, until=until, text=given.get("q", ""), without_system=hidden, **exact)

    def _window(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        hour = self.cleaned_data.get("hour")
        if since and hour is not None:
            start = _start_of(since, hour)
            return start, start + timedelta(hours=1)
        if since or until:
            return _start_of(since) if since else None, _start_of(
                until + timedelta(days=1)
            ) if until else None
        days = self.cleaned_data.get("days") or str(DEFAULT_DAYS)
        return (None, None) if days == "all" else (now - timedelta(days=int(days)), None)


def _start_of(day: date, hour: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


class PullFilter(forms.Form):
    """How the pull log is narrowed."""

    q = forms.CharField(label=_("Image or person"), required=False, max_length=400, help_text=PRINCIPALS)
    project = forms.CharField(label=_("Project key"), required=False, max_length=60)
    grant = forms.CharField(label=_("Grant number"), required=False, max_length=20)
    what = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("", _("Pulls")), ("push", _("Pushes")), ("all", _("Everything the registry reported"))],
    )
