"""The poll behind the webhooks: asks Jira what changed, so that a lost webhook costs minutes."""

from datetime import datetime, timedelta

import structlog

from grants.connectors.errors import ConnectorError
from grants.connectors.jira import IssueFacts
from grants.lifecycle.clock import database_time
from grants.tracker.clients import is_configured, open_jira
from grants.tracker.models import PollMark, Watch
from grants.tracker.states import Kind
from grants.tracker.watches import make_due

OVERLAP = timedelta(minutes=10)
"""Cloud's search lags and its queries count in minutes: ask for what was asked before."""
LONGEST_LOOK_BACK = timedelta(days=2)
log = structlog.get_logger(__name__)


def poll_changes(*, now: datetime | None = None) -> int:
    """Make due every watch whose issue changed without our knowing; how many.

    Search results are hints like webhooks: what is true is read issue by issue. A failure is noted, and the next
    poll asks for the time this one missed. Things the search cannot show are read within the hour anyway.
    """
    at = now or database_time()
    watches = list(Watch.objects.filter(kind=Kind.ISSUE, missing_since=None).order_by("pk"))
    if not watches or not is_configured():
        return 0
    mark, _ = PollMark.objects.get_or_create(pk=1)
    names = list(dict.fromkeys(watch.jira_id or watch.key for watch in watches))
    try:
        with open_jira() as jira:
            changed = jira.changed_since(_since(mark, at), now=at, keys=names)
    except ConnectorError as error:
        log.warning("jira_not_polled", error=str(error))
        PollMark.objects.filter(pk=1).update(failed_at=at, last_error=str(error)[:300])
        return 0
    PollMark.objects.filter(pk=1).update(covered_until=at, succeeded_at=at)
    return _hint(watches, changed, at)


def _since(mark: PollMark, now: datetime) -> datetime:
    oldest = now - LONGEST_LOOK_BACK
    return max(mark.covered_until - OVERLAP, oldest) if mark.covered_until else oldest


def _hint(watches: list[Watch], changed: list[IssueFacts], now: datetime) -> int:
    """Those whose issue was changed later than what we know; a search that lags behind us says nothing new."""
    news = {issue.id: issue for issue in changed} | {issue.key: issue for issue in changed}
    stale = []
    for watch in watches:
        issue = news.get(watch.jira_id or watch.key)
        if issue and (issue.updated is None or watch.changed_at is None or issue.updated > watch.changed_at):
            stale.append(watch.pk)
    return make_due(Watch.objects.filter(pk__in=stale), now=now)
