"""The words of notifications: subject and body in the receiver's language, with a link to the current state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from portal.notify import cost_texts
from portal.notify.kinds import OF_COSTS, Kind
from portal.notify.models import Notification
from portal.pages import words
from portal.pages.markup import moment_text

Texts = Mapping[str, tuple[Promise, Promise]]

TEXTS: Texts = {
    **cost_texts.TEXTS,
    Kind.ASKED: (
        _("Decide on %(number)s for %(team)s: %(project)s"),
        _("%(actor)s asks for access to %(images)s for %(people)s people. You can decide for %(lane)s."),
    ),
    Kind.REMINDER: (
        _("Reminder: %(number)s for %(team)s waits for a decision"),
        _("%(actor)s asks you to look at %(number)s. You can decide for %(lane)s."),
    ),
    Kind.QUESTION: (
        _("Answer a question on %(number)s for %(team)s"),
        _("%(actor)s asks: %(text)s"),
    ),
    Kind.ANSWER: (
        _("%(number)s for %(team)s: your question was answered"),
        _("%(actor)s answers: %(text)s"),
    ),
    Kind.DECIDED: (
        _("%(number)s for %(team)s: %(outcome)s"),
        _("Your request for %(project)s is now: %(outcome)s. %(text)s"),
    ),
    Kind.DECIDED_ELSEWHERE: (
        _("%(number)s for %(team)s is decided. Nothing is left for you to do"),
        _("%(actor)s decided for %(lane)s: %(outcome)s."),
    ),
    Kind.WITHDRAWN: (
        _("%(number)s for %(team)s is withdrawn. Nothing is left for you to do"),
        _("%(actor)s withdrew the request for %(project)s."),
    ),
    Kind.LAPSED: (
        _("%(number)s for %(team)s has lapsed. Nothing is left for you to do"),
        _("Nobody decided on the request for %(project)s in time."),
    ),
    Kind.READY: (
        _("Ready to pull: %(project)s (%(team)s)"),
        _("You can now use %(images)s until %(ends)s. The page shows commands that work as pasted."),
    ),
    Kind.ENDING: (
        _("Access for %(project)s (%(team)s) ends on %(ends)s"),
        _("Your access to %(images)s ends on %(ends)s. Ask for more time before then to keep it."),
    ),
    Kind.ENDED: (
        _("Access for %(project)s (%(team)s) has ended"),
        _("Your access to %(images)s has ended: %(outcome)s."),
    ),
    Kind.FAILED: (
        _("Setting up access for %(project)s (%(team)s) needs attention"),
        _("Some of the access is not set up yet. Purser keeps trying. Last answer: %(text)s"),
    ),
    Kind.REMOVAL_OVERDUE: (
        _("Access for %(project)s (%(team)s) could not be removed yet"),
        _(
            "%(subject)s should be gone from %(target)s and is not. Purser keeps trying. Last answer: %(text)s"
        ),
    ),
    Kind.DRIFT_FOUND: (
        _("%(target)s differs from what was granted"),
        _("Places that are not as Purser left them: %(count)s, for example %(subject)s. %(doing)s"),
    ),
    Kind.DRIFT_STOPPED: (
        _("%(target)s: Purser has stopped and needs a person"),
        _("%(doing)s Places: %(count)s, for example %(subject)s."),
    ),
    Kind.DRIFT_DECIDED: (
        _("%(target)s: %(actor)s decided about a difference"),
        _("%(subject)s: %(outcome)s. %(text)s"),
    ),
    Kind.PROJECT_DONE: (
        _("%(project)s (%(team)s) is done in Jira. Access ends on %(ends)s"),
        _("All access for %(project)s ends on %(ends)s. Re-open the issue in Jira before then to keep it."),
    ),
    Kind.PROJECT_END_NEAR: (
        _("Access for %(project)s (%(team)s) ends on %(ends)s"),
        _(
            "%(project)s is done in Jira, so all its access ends on %(ends)s. "
            "A lead of the team can put the end on hold."
        ),
    ),
    Kind.PROJECT_END_MOVED: (
        _("Access for %(project)s (%(team)s) now ends on %(ends)s"),
        _("The end of all access for %(project)s was moved. It now comes on %(ends)s."),
    ),
    Kind.BRAKE_HELD: (
        _("The brake holds back the end of %(grants)s grants"),
        _(
            "%(trigger)s: %(grants)s grants, %(share)s %% of all, would have ended at once. Access goes on until you "
            "release or refuse it."
        ),
    ),
    Kind.PROJECT_REOPENED: (
        _("%(project)s (%(team)s) was re-opened in Jira"),
        _("New requests for %(project)s are possible again. Access that had ended stays ended."),
    ),
}


@dataclass(frozen=True)
class Message:
    """A notification in words: one line, a sentence or two, where to look, and lines that only the mail has."""

    subject: str
    body: str
    url: str
    more: str = ""


def message_of(notification: Notification, *, language: str) -> Message:
    """The notification in a language; parameters that are codes are said in that language too."""
    subject, body = TEXTS[notification.kind]
    with override(language or settings.LANGUAGE_CODE):
        params = said(notification.params)
        return Message(
            subject=str(subject) % params,
            body=(str(body) % params).strip(),
            url=url_of(notification),
            more=_more(notification),
        )


def _more(notification: Notification) -> str:
    if notification.kind != Kind.COSTS_MONTH:
        return ""
    return "\n".join(cost_texts.month_lines(notification.params))


def said(params: Mapping[str, object]) -> dict[str, object]:
    """The parameters as the active language says them: status codes as words, moments as dates."""
    return {name: SAY.get(name, _as_is)(value) for name, value in params.items()}


def _as_is(value: object) -> object:
    # Free text stays on one line: a subject with a line break would end the mail's header.
    return " ".join(value.split()) if isinstance(value, str) else value


def _outcome(value: object) -> object:
    for kind in ("request", "end", "grant", "decision"):
        try:
            return words.word(kind, str(value)).label
        except KeyError:
            continue
    return value


def _moment(value: object) -> object:
    return moment_text(datetime.fromisoformat(str(value)))


def _lane(value: object) -> object:
    return LANES.get(str(value), value)


def _doing(value: object) -> object:
    return DOING.get(str(value), value)


DOING = {
    "repair": _("Purser puts its own places right by itself."),
    "report": _("They wait for an administrator."),
    "appeared": _("They are not Purser's and are not touched."),
    "fought": _("Somebody keeps undoing what was granted, so Purser no longer puts it right."),
    "held": _("So much access that nobody was granted is there that its removal waits for a person."),
    "too_little": _("The system shows suspiciously little of what was there."),
}
LANES = {"mlops": _("MLOps"), "security": _("Security")}
SAY: Mapping[str, Callable[[Any], object]] = {
    **cost_texts.SAY,
    "outcome": _outcome,
    "ends": _moment,
    "lane": _lane,
    "doing": _doing,
    "trigger": lambda value: words.word("trigger", str(value)).label,
}


OF_PROJECTS = {Kind.PROJECT_DONE, Kind.PROJECT_REOPENED, Kind.PROJECT_END_NEAR, Kind.PROJECT_END_MOVED}
FREED = {Kind.DECIDED_ELSEWHERE, Kind.WITHDRAWN, Kind.LAPSED}


def url_of(notification: Notification) -> str:
    """The page that shows how things stand now."""
    return settings.BASE_URL + _path_of(notification)


def _path_of(notification: Notification) -> str:
    kind, params = notification.kind, notification.params
    if kind in OF_COSTS:
        return cost_texts.path_of(kind, params)
    if kind == Kind.BRAKE_HELD:
        return f"/brakes/{params['hold']}/"
    if kind in OF_PROJECTS:
        return f"/projects/{params['key']}/"
    if kind in {Kind.DRIFT_FOUND, Kind.DRIFT_STOPPED, Kind.DRIFT_DECIDED}:
        return f"/drift/?target={params['key']}"
    to_decide = kind in {Kind.ASKED, Kind.REMINDER, Kind.ANSWER, *FREED}
    if notification.grant_id and not to_decide:
        return f"/grants/{notification.grant_id}/"
    return f"/{'approvals' if to_decide else 'requests'}/{notification.request_id}/"
