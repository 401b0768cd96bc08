"""What the style guide shows: each component with made-up people, teams and images."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.costs.samples import sample_charts, sample_table
from portal.pages.words import WORDS

MOMENT = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
ROLES = [
    ("viewer", _("Download and run")),
    ("developer", _("Also publish new tags")),
    ("admin", _("Also delete tags")),
]


class SampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(
        label=_("Project name"), help_text=_("As in Jira, for example Anti-Fraud Model v2")
    )
    purpose = forms.CharField(
        label=_("Use case"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Enter the use case")},
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ROLES,
        widget=forms.RadioSelect,
        error_messages={"required": _("Select what the team may do")},
    )
    length = forms.ChoiceField(
        label=_("How long"),
        choices=[("30", _("30 days")), ("60", _("60 days")), ("90", _("90 days"))],
        error_messages={"required": _("Select how long the team needs access")},
    )
    members = forms.FileField(label=_("Member list"), required=False)
    tell = forms.BooleanField(label=_("Send the members a mail when access is ready"), required=False)


def samples() -> dict[str, Any]:
    """Return the values for every component of the style guide."""
    return {
        "sample": SampleForm(initial={"title": "Anti-Fraud Model v2", "role": "viewer"}, prefix="good"),
        "faulty": SampleForm({"bad-title": "反欺诈模型 v2"}, prefix="bad"),
        "words": [(kind, list(table)) for kind, table in WORDS.items()],
        "moment": MOMENT,
        "steps": _steps(),
        "tabs": [
            {"label": _("Summary"), "url": "?tab=summary", "current": True, "count": None},
            {"label": _("Members"), "url": "?tab=members", "current": False, "count": 184},
            {"label": _("Timeline"), "url": "?tab=timeline", "current": False, "count": 12},
        ],
        "chips": [("CUDA 12.4", "?"), ("王磊", "?"), (_("Ends soon"), "?")],
        "changes": [
            (_("Length of access"), "90", "60"),
            (_("Use case"), "", "反欺诈模型训练"),
            (_("Image"), "pytorch-train:2.9", "pytorch-train:2.9"),
        ],
        "rows": _rows(),
        "charts": sample_charts(),
        "amounts": sample_table(),
        "command": "docker pull registry.example.com/vision/tensorflow-2.13-gpu@sha256:"
        "0f1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff0",
    }


def _steps() -> list[dict[str, Any]]:
    states = [
        (_("Project and role"), "done"),
        (_("Images"), "done"),
        (_("Members"), "error"),
        (_("Why and how long"), "current"),
        (_("Check your answers"), "todo"),
    ]
    return [
        {"label": label, "url": "?" if state != "todo" else "", "state": state} for label, state in states
    ]


def _rows() -> list[dict[str, Any]]:
    rows = [
        ("REQ-1207", "tensorflow-2.13-gpu:stable", "Li Na", 184, "pending"),
        ("REQ-1203", "pytorch-train:2.9", "王磊", 8, "question"),
        ("REQ-1199", "yolo-serving:11.2-cpu", "Amir Qureshi", 1, "approved"),
    ]
    keys = ("number", "image", "person", "people", "status")
    return [dict(zip(keys, row, strict=True)) for row in rows]
