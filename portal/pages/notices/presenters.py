"""Notifications in words, those about one request together."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.texts import message_of

ICONS = {
    Kind.ASKED: {"icon": "clipboard-check"},
    Kind.REMINDER: {"icon": "bell"},
    Kind.QUESTION: {"icon": "message-question"},
    Kind.ANSWER: {"icon": "message"},
    Kind.DECIDED: {"icon": "check"},
    Kind.DECIDED_ELSEWHERE: {"icon": "users"},
    Kind.READY: {"icon": "key"},
    Kind.ENDING: {"icon": "clock-exclamation"},
    Kind.ENDED: {"icon": "flag"},
    Kind.FAILED: {"icon": "alert-triangle"},
    Kind.WITHDRAWN: {"icon": "arrow-back-up"},
    Kind.LAPSED: {"icon": "hourglass-empty"},
    Kind.REMOVAL_OVERDUE: {"icon": "alert-triangle"},
    Kind.PROJECT_DONE: {"icon": "flag"},
    Kind.PROJECT_REOPENED: {"icon": "folder-open"},
    Kind.PROJECT_END_NEAR: {"icon": "clock-exclamation"},
    Kind.PROJECT_END_MOVED: {"icon": "calendar-plus"},
    Kind.DRIFT_FOUND: {"icon": "alert-triangle"},
    Kind.DRIFT_STOPPED: {"icon": "hand-stop"},
    Kind.DRIFT_DECIDED: {"icon": "check"},
    Kind.BRAKE_HELD: {"icon": "hand-stop"},
    Kind.BUDGET_REACHED: {"icon": "coins"},
    Kind.BUDGET_FORECAST: {"icon": "coins"},
    Kind.COST_UNUSUAL: {"icon": "alert-triangle"},
    Kind.COST_MISSING: {"icon": "plug-off"},
    Kind.SOURCE_FAILING: {"icon": "plug-off"},
    Kind.COSTS_BROKEN: {"icon": "alert-triangle"},
    Kind.COSTS_MONTH: {"icon": "chart-bar"},
}


@dataclass(frozen=True)
class Said:
    """One notification: subject and body in the reader's language."""

    row: Notification
    subject: str
    body: str
    icon: str


@dataclass
class Group:
    """Notifications about one request (or one grant, or nothing), newest first."""

    key: str
    number: str
    said: list[Said] = field(default_factory=list)


def groups_of(rows: Iterable[Notification], *, language: str) -> list[Group]:
    """Group notifications by request, in the order of each group's newest."""
    groups: dict[str, Group] = {}
    for row in rows:
        number = f"REQ-{row.request_id}" if row.request_id else ""
        key = number or (f"grant-{row.grant_id}" if row.grant_id else f"row-{row.pk}")
        message = message_of(row, language=language)
        said = Said(row, message.subject, message.body, ICONS[Kind(row.kind)]["icon"])
        groups.setdefault(key, Group(key, number)).said.append(said)
    return list(groups.values())
