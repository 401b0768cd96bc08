"""Asking Jira what is true now, outside every transaction, and keeping the answer.

Reads of one thing never overlap (lease and fence), so answers are kept in the order in which they were asked for;
an answer older than what is known (a lagging replica) is dropped and asked for again.
"""

from datetime import datetime

import structlog

from audit.ledger.services import audited, record
from grants.connectors.errors import ConnectorError, NotFound, Refused, Transient
from grants.connectors.jira import JiraClient
from grants.lifecycle.clock import database_time
from grants.tracker.clients import is_configured, open_jira
from grants.tracker.models import Watch
from grants.tracker.services import JIRA, finish_due, lock_project, settle
from grants.tracker.states import (
    AGAIN_SOON,
    LEASE,
    LOOK_AGAIN_AFTER_MISSING,
    Category,
    Kind,
    full_check_after,
    pause_after,
)
from grants.tracker.types import Said
from grants.tracker.watches import claim

AT_ONCE = 200
log = structlog.get_logger(__name__)


def read_due(*, now: datetime | None = None, limit: int = AT_ONCE) -> int:
    """Read what is due and act on it; how many reads. `now` None means the database's clock, each time anew.

    Stops at an answer that says Jira itself is down or refuses us: the rest stays due for the next sweep. What is
    to end at once ends after the last read, so that the brake counts the whole run.
    """
    watch = claim(now=now or database_time()) if is_configured() else None
    if watch is None:
        return 0
    reads = 0
    with open_jira() as jira:
        while watch is not None:
            reads += 1
            well = _read(jira, watch, now)
            watch = claim(now=now or database_time()) if well and reads < limit else None
    finish_due(now=now or database_time())
    return reads


def ask(jira: JiraClient, watch: Watch) -> Said:
    """What Jira says now. By its number, because keys move. Raises ConnectorError."""
    name = watch.jira_id or watch.key
    if watch.kind == Kind.PROJECT:
        project = jira.project(name)
        return Said(project.id, project.key, Category.ARCHIVED if project.archived else Category.ACTIVE)
    issue = jira.issue(name)
    return Said(
        id=issue.id,
        key=issue.key,
        category=issue.status_category,
        status_name=issue.status_name[:255],
        changed_at=issue.updated,
        category_changed_at=issue.category_changed_at,
    )


def _read(jira: JiraClient, watch: Watch, now: datetime | None) -> bool:
    """Read one claimed watch; whether Jira as a whole seems well."""
    try:
        said = ask(jira, watch)
    except NotFound as error:
        note_missing(watch, error, now=now or database_time())
    except ConnectorError as error:
        note_failure(watch, error, now=now or database_time())
        return not isinstance(error, Transient | Refused)
    else:
        keep(watch, said, now=now or database_time())
    return True


def keep(watch: Watch, said: Said, *, now: datetime) -> bool:
    """Store an answer and act on it in one transaction; False when it came too late or is older than what is known."""
    with audited(by=JIRA):
        project = lock_project(watch.project_id)
        locked = _lock(watch)
        if locked is None:
            return False
        older = said.changed_at and locked.changed_at and said.changed_at < locked.changed_at
        if older:
            _give_back(locked, next_check_at=now + AGAIN_SOON)
            return False
        _store(locked, said, now)
        settle(watch=locked, project=project, now=now)
    return True


def note_missing(watch: Watch, error: NotFound, *, now: datetime) -> None:
    """Jira shows no such thing: deleted, or hidden from us. That ends nothing, but it is an alarm.

    Records `grants.project.jira-missing` once, until Jira shows it again.
    """
    with audited(by=JIRA):
        project = lock_project(watch.project_id)
        locked = _lock(watch)
        if locked is None:
            return
        if locked.missing_since is None:
            where = {"project": project.key, "team": project.team.key}
            detail = {"what": str(locked.kind), "key": locked.key, "said": str(error)[:300]}
            record("grants.project.jira-missing", subject=f"project:{project.key}", detail=detail, **where)
            log.error("jira_watch_missing", project=project.key, key=locked.key)
        locked.missing_since = locked.missing_since or now
        locked.last_error, locked.failures = str(error)[:300], 0
        _give_back(locked, next_check_at=now + LOOK_AGAIN_AFTER_MISSING)


def note_failure(watch: Watch, error: ConnectorError, *, now: datetime) -> None:
    """Jira could not be asked: try again after a growing pause, as long as it takes."""
    failures = watch.failures + 1
    log.warning("jira_not_read", key=watch.key, failures=failures, error=str(error))
    Watch.objects.filter(pk=watch.pk, fence=watch.fence).update(
        failures=failures,
        failed_at=now,
        last_error=str(error)[:300],
        leased_until=None,
        next_check_at=now + pause_after(failures, error.retry_after),
    )


def _lock(watch: Watch) -> Watch | None:
    """The claimed watch, locked; None when somebody else has it by now."""
    rows = Watch.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(pk=watch.pk, fence=watch.fence).first()


def _store(watch: Watch, said: Said, now: datetime) -> None:
    asked_at = (watch.leased_until or now) - LEASE
    watch.jira_id, watch.key, watch.category = said.id, said.key, said.category
    watch.status_name, watch.changed_at = said.status_name, said.changed_at
    watch.category_changed_at = said.category_changed_at
    watch.checked_at, watch.missing_since = now, None
    watch.failures, watch.last_error = 0, ""
    _give_back(watch, next_check_at=now + full_check_after(watch.pk))
    watch.receipts.filter(answered_at=None, received_at__lte=asked_at).update(answered_at=now)


def _give_back(watch: Watch, *, next_check_at: datetime) -> None:
    """End the lease. A hint that came during the reading has made the watch due already: that stands."""
    if watch.next_check_at == watch.leased_until:
        watch.next_check_at = next_check_at
    watch.leased_until = None
    watch.save()
