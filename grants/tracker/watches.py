"""Which issue or project of Jira decides about which of ours, and taking the due ones for one worker."""

from datetime import datetime

from django.db import connection
from django.db.models import Case, CharField, F, Q, QuerySet, When
from django.db.models.functions import Least

from audit.ledger.services import audited
from grants.connectors.jira import WebhookFacts
from grants.directory.models import Project
from grants.tracker.models import Watch
from grants.tracker.services import JIRA, forget
from grants.tracker.states import LEASE, Kind

_CLAIM = """
UPDATE tracker_watch SET fence = fence + 1, leased_until = %(until)s, next_check_at = %(until)s
WHERE id = (
  SELECT id FROM tracker_watch
  WHERE next_check_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
  ORDER BY next_check_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


def follow_projects(*, now: datetime) -> None:
    """Make the watches agree with what the directory names. New and changed ones are due at once.

    A project that names nothing any more is forgotten: what was still to end because of Jira does not end.
    """
    named = Project.objects.annotate(wanted=_WANTED)
    for project in named.exclude(wanted="").filter(_NOT_FOLLOWED):
        _follow(project, project.wanted, now)
    for project in named.filter(wanted="", jira_watch__isnull=False):
        with audited(by=JIRA):
            forget(project_id=project.pk, now=now)


_WANTED = Case(
    When(~Q(jira_issue=""), then=F("jira_issue")), default=F("jira_project"), output_field=CharField()
)
_NOT_FOLLOWED = Q(jira_watch=None) | ~Q(jira_watch__configured=F("wanted"))


def _follow(project: Project, name: str, now: datetime) -> None:
    fresh = {
        "kind": Kind.ISSUE if project.jira_issue else Kind.PROJECT,
        "configured": name,
        "key": name,
        "next_check_at": now,
    }
    blank = {"jira_id": "", "category": "", "status_name": "", "last_error": "", "failures": 0}
    times = dict.fromkeys(["changed_at", "category_changed_at", "missing_since", "failed_at", "leased_until"])
    changed = {**fresh, **blank, **times, "fence": F("fence") + 1}
    Watch.objects.update_or_create(project=project, defaults=changed, create_defaults=fresh)


def concerned(facts: WebhookFacts) -> QuerySet[Watch]:
    """The watches a webhook is about. An archived or deleted project also concerns the issues in it."""
    if facts.about == "issue":
        key = facts.issue_key.upper()
        named = Q(jira_id=facts.issue_id) | Q(key=key) | Q(configured=key)
        return Watch.objects.filter(named, kind=Kind.ISSUE)
    if facts.about == "project":
        key = facts.project_key.upper()
        named = Q(jira_id=facts.project_id) | Q(key=key) | Q(configured=key)
        inside = Q(kind=Kind.ISSUE, key__startswith=f"{key}-")
        return Watch.objects.filter(Q(named, kind=Kind.PROJECT) | inside)
    return Watch.objects.none()


def make_due(watches: QuerySet[Watch], *, now: datetime) -> int:
    """Have these read again as soon as nobody is reading them; how many."""
    return watches.update(next_check_at=Least(F("next_check_at"), now))


def claim(*, now: datetime) -> Watch | None:
    """The watch due longest, leased to the caller; other workers skip it without waiting. None: nothing is due."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE})
        row = cursor.fetchone()
    return Watch.objects.filter(pk=row[0]).first() if row else None
