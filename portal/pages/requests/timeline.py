"""The timeline of a request: its events and its grant's from the ledger, and who was told, oldest first."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from approvals.policy.texts import lane_label
from approvals.requests.models import Request
from audit.ledger.models import Event
from audit.ledger.selectors import events_visible_to
from audit.ledger.types import EventFilters
from grants.lifecycle.models import Grant
from portal.edges.scopes import history_scope
from portal.notify.models import Notification
from portal.notify.texts import message_of
from portal.pages.requests.saving import LABELS

MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Told:
    """How an event reads, with its icon; `machine` ones fold together."""

    text: Promise
    icon: str = "point"
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `changes` are (label, before, after); `said` is what somebody wrote."""

    at: dt.datetime
    title: str
    actor: str
    icon: str
    said: str = ""
    changes: tuple[tuple[str, Any, Any], ...] = ()
    machine: bool = False


TOLD: Mapping[str, Told] = {
    "approvals.request.drafted": Told(gettext_lazy("Draft started"), icon="pencil"),
    "approvals.request.edited": Told(gettext_lazy("Draft changed"), icon="pencil"),
    "approvals.request.submitted": Told(gettext_lazy("Sent for approval"), icon="send"),
    "approvals.request.revised": Told(gettext_lazy("Changed and sent again"), icon="send"),
    "approvals.request.withdrawn": Told(gettext_lazy("Withdrawn"), icon="arrow-back-up"),
    "approvals.request.lapsed": Told(
        gettext_lazy("Lapsed, because nobody decided in time"), icon="hourglass-empty"
    ),
    "approvals.request.nudged": Told(gettext_lazy("Approvers reminded"), icon="bell"),
    "approvals.request.approved": Told(gettext_lazy("Request approved"), icon="circle-check"),
    "approvals.request.denied": Told(gettext_lazy("Request rejected"), icon="x"),
    "approvals.lane.approved": Told(gettext_lazy("%(lane)s approved"), icon="check"),
    "approvals.lane.denied": Told(gettext_lazy("%(lane)s rejected"), icon="x"),
    "approvals.lane.asked": Told(gettext_lazy("%(lane)s asked a question"), icon="message-question"),
    "approvals.lane.answered": Told(gettext_lazy("Question of %(lane)s answered"), icon="message"),
    "approvals.lane.reopened": Told(gettext_lazy("%(lane)s is asked again"), icon="refresh"),
    "grants.grant.issued": Told(gettext_lazy("Access given"), icon="key"),
    "grants.grant.started": Told(gettext_lazy("Access begins"), icon="key"),
    "grants.grant.activated": Told(gettext_lazy("Ready to pull"), icon="circle-check"),
    "grants.grant.extended": Told(gettext_lazy("Access extended"), icon="calendar"),
    "grants.grant.expired": Told(gettext_lazy("The time was over"), icon="calendar-off"),
    "grants.grant.returned": Told(gettext_lazy("Access returned"), icon="arrow-back-up"),
    "grants.grant.revoked": Told(gettext_lazy("Access revoked"), icon="lock"),
    "grants.grant.project-done": Told(gettext_lazy("The project is done"), icon="flag"),
    "grants.grant.emptied": Told(gettext_lazy("Nobody is left in the grant"), icon="user-minus"),
    "grants.grant.ended": Told(gettext_lazy("Access has ended"), icon="flag"),
    "grants.grant.failed": Told(gettext_lazy("Setup failed"), icon="alert-triangle"),
    "grants.member.removed": Told(gettext_lazy("A member was removed"), icon="user-minus"),
    "grants.image.removed": Told(gettext_lazy("An image was removed"), icon="ban"),
    "grants.delivery.verified": Told(gettext_lazy("In place at the registry"), machine=True),
    "grants.delivery.proven": Told(gettext_lazy("Proven gone"), machine=True),
    "grants.delivery.failing": Told(gettext_lazy("The registry did not take it yet"), machine=True),
}


def timeline_of(request: Request, grants: Iterable[Grant]) -> list[list[Entry]]:
    """Groups of entries in order: one entry by itself, or machine entries in a row that fold together."""
    entries = [_from_event(event) for event in _events(request, grants)]
    entries += [_from_notification(row) for row in _notifications(request)]
    groups: list[list[Entry]] = []
    for entry in sorted(entries, key=_moment):
        if entry.machine and groups and groups[-1][-1].machine:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return groups


def _moment(entry: Entry) -> dt.datetime:
    # A notification is stamped before the change it tells of is committed, but reads after it.
    return entry.at + dt.timedelta(seconds=1) if entry.icon == "mail" else entry.at


def _events(request: Request, grants: Iterable[Grant]) -> list[Event]:
    found: list[Event] = []
    for subject in (request.label, *(grant.label for grant in grants)):
        events = events_visible_to(history_scope(), EventFilters(subject=subject))
        found += list(events[:MOST_EVENTS])
    return sorted(found, key=lambda event: event.sequence)


def _notifications(request: Request) -> Iterable[Notification]:
    return Notification.objects.filter(request_id=request.pk).select_related("recipient").order_by("pk")


def _from_event(event: Event) -> Entry:
    told = TOLD.get(event.kind)
    detail = event.detail or {}
    lane = lane_label(str(detail.get("lane", "")))
    return Entry(
        at=event.at,
        title=str(told.text) % {"lane": lane} if told else event.kind,
        actor=event.actor_name,
        icon=told.icon if told else "point",
        said=str(detail.get("reason") or detail.get("note") or ""),
        changes=tuple(changes_of(detail.get("changes") or {})),
        machine=told.machine if told else True,
    )


def _from_notification(row: Notification) -> Entry:
    states = {
        "pending": _("mail waits to be sent"),
        "sent": _("mail sent"),
        "failing": _("mail not delivered yet"),
        "no_address": _("no mail address"),
    }
    words = _("%(name)s was told (%(mail)s)") % {"name": row.recipient.name, "mail": states[row.mail_state]}
    subject = message_of(row, language=get_language() or "").subject
    return Entry(at=row.created_at, title=words, actor="", icon="mail", said=subject, machine=True)


def changes_of(changes: Mapping[str, Any]) -> Iterable[tuple[str, Any, Any]]:
    """An event's changes as (label, before, after). People are counted, not named."""
    labels = {**LABELS, "images": gettext_lazy("Images"), "members": gettext_lazy("Members")}
    for name, change in changes.items():
        label = str(labels.get(name, name))
        if "added" in change:
            yield label, _removed(name, change["removed"]), _added(name, change["added"])
        else:
            yield label, change.get("before"), change.get("after")


def _added(name: str, values: list[str]) -> str:
    return _("added: %(what)s") % {"what": _listed(name, values)} if values else ""


def _removed(name: str, values: list[str]) -> str:
    return _("removed: %(what)s") % {"what": _listed(name, values)} if values else ""


def _listed(name: str, values: list[str]) -> str:
    return str(len(values)) if name == "members" else ", ".join(values)
