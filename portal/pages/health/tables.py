"""Checks that read the database: registries, Jira, mail, the ledger, overdue deliveries, keys of clusters."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.ledger.models import Checkpoint, Event
from audit.pulls import selectors as pulls
from grants.catalogue.models import Registry
from grants.delivery.selectors import overdue
from grants.lifecycle.selectors import open_holds
from grants.tokens import sealing as tokens
from grants.tokens.models import ClusterKeys
from grants.tokens.selectors import trusted_clusters, unread_keys
from grants.tracker.selectors import health
from portal.notify.selectors import failing_mail

STALE = timedelta(minutes=30)
UNSIGNED = timedelta(minutes=5)
ALARM = "audit.checkpoint.refused"


def registries(now: datetime) -> tuple[str, str]:
    """Whether every registry was read lately."""
    rows = list(Registry.objects.order_by("name"))
    if not rows:
        return "not_set_up", _("No registry is connected")
    faults = [text for row in rows if (text := _registry_fault(row, now))]
    return ("failing", " ".join(faults)) if faults else ("working", "")


def _registry_fault(row: Registry, now: datetime) -> str:
    name = row.name
    if row.synced_at is None:
        return _("%(name)s has never been read.") % {"name": name}
    since = timesince(row.synced_at, now, depth=1)
    if row.sync_error:
        return _("%(name)s cannot be read since %(time)s.") % {"name": name, "time": since}
    if now - row.synced_at > STALE:
        return _("%(name)s was last read %(time)s ago.") % {"name": name, "time": since}
    return ""


def jira(now: datetime) -> tuple[str, str]:
    """Whether Jira answers, and still shows everything our projects follow."""
    found = health(now=now)
    if not found.configured:
        return "not_set_up", _("No Jira is connected; projects end by hand")
    if not found.ok:
        last = found.last_success_at
        if last is None:
            return "failing", _("It has never answered")
        return "failing", _("It last answered %(time)s ago") % {"time": timesince(last, now, depth=1)}
    if found.missing:
        return "slow", _("It does not show: %(keys)s") % {"keys": ", ".join(found.missing)}
    return "working", ""


def mail(now: datetime) -> tuple[str, str]:
    """Whether mails are stuck; each is tried again."""
    count = failing_mail().count()
    if not count:
        return "working", ""
    words = ngettext("%(count)d mail could not be sent yet", "%(count)d mails could not be sent yet", count)
    return "slow", words % {"count": count}


def ledger(now: datetime) -> tuple[str, str]:
    """Whether the newest events are signed, and no alarm stands."""
    newest = Checkpoint.objects.order_by("-size").first()
    unsigned = Event.objects.filter(sequence__gt=newest.size if newest else 0).order_by("sequence")
    if unsigned.filter(kind=ALARM).exists():
        return "failing", _("The log does not agree with its last checkpoint. Run verify_audit")
    oldest = unsigned.first()
    if oldest is not None and now - oldest.at > UNSIGNED:
        return "failing", _("Not signed since %(time)s") % {"time": timesince(oldest.at, now, depth=1)}
    return _sealed(now)


def _sealed(now: datetime) -> tuple[str, str]:
    """Whether the newest rows of the pull and token logs are vouched for by the ledger."""
    logs = (
        (pulls.unsealed_since(), _("The pull log is not sealed since %(time)s")),
        (tokens.unsealed_since(), _("The token log is not sealed since %(time)s")),
    )
    for since, words in logs:
        if since is not None and now - since > UNSIGNED:
            return "failing", words % {"time": timesince(since, now, depth=1)}
    return "working", ""


def deliveries(now: datetime) -> tuple[str, str]:
    """Whether access is set up and removed in time."""
    count = overdue(now).order_by().count()
    if not count:
        return "working", ""
    words = ngettext("%(count)d part of a grant is overdue", "%(count)d parts of grants are overdue", count)
    return "slow", words % {"count": count}


def keyless(now: datetime) -> tuple[str, str]:
    """Whether the keys of all clusters whose tokens are believed could be read."""
    if not trusted_clusters().exists():
        return "not_set_up", _("No cluster is trusted; nothing pulls without a secret")
    faults = [_keys_fault(row, now) for row in unread_keys()]
    return ("slow", " ".join(faults)) if faults else ("working", "")


def _keys_fault(row: ClusterKeys, now: datetime) -> str:
    said: dict[str, Any] = {"name": row.cluster.name}
    if row.read_at is None:
        return _("The keys of %(name)s were never read.") % said
    said["time"] = timesince(row.read_at, now, depth=1)
    return _("The keys of %(name)s cannot be read; those known were read %(time)s ago.") % said


def brake(now: datetime) -> tuple[str, str]:
    """Whether the brake holds something back that waits for an administrator."""
    count = open_holds().count()
    if not count:
        return "working", ""
    words = ngettext("%(count)d decision waits for you", "%(count)d decisions wait for you", count)
    return "slow", words % {"count": count}
