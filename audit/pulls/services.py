"""Writing the pull log exactly once, and committing its batches to the ledger."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection, transaction

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.pulls.counting import SAME_PULL, Key, bounded, counted, is_manifest_pull, key_of
from audit.pulls.models import Pull, PullBatch
from audit.pulls.notifications import Report
from audit.pulls.signals import pulls_recorded

LOCK = 7095217263184454
"""Advisory lock of writers: rows commit in the order of their ids, so that a sealed run has no late comers."""
MOST_SEALED = 20_000
SEALED_FIELDS = ("id", "event_id", "registry", "at", "action", "counted", "repository", "digest", "tag", "actor",
                 "token", "person", "project", "team", "grant", "address", "user_agent")  # fmt: skip
"""Who, what, when and from where: what an auditor is shown."""


@dataclass(frozen=True)
class Attribution:
    """Whom a registry's actor stands for, found by the caller from the token it issued."""

    token: str = ""
    person: str = ""
    person_name: str = ""
    project: str = ""
    team: str = ""
    grant: str = ""


NOBODY = Attribution()
Attribute = Callable[[Sequence[tuple[str, str]]], Mapping[tuple[str, str], Attribution]]
"""From (actor, repository) pairs to whom they stand for; unknown pairs are left out."""


def record_reports(*, registry: str, reports: Sequence[Report], attribute: Attribute, now: datetime) -> int:
    """Write the reports not seen before; returns how many were new. Repeats change nothing.

    A time that cannot be becomes `now` (`counting.bounded`). Not audited one by one: `seal` commits runs of rows to
    the ledger.
    """
    people = attribute([key_of(report) for report in reports])
    who = {report.id: people.get(key_of(report), NOBODY) for report in reports}
    return record_attributed(registry=registry, reports=reports, who=who, now=now)


def record_attributed(
    *, registry: str, reports: Sequence[Report], who: Mapping[str, Attribution], now: datetime
) -> int:
    """The same for reports each of which is attributed for itself, by its id: sources that tell of times gone by."""
    wanted = list({report.id: bounded(report, now=now) for report in reports}.values())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        known = set(
            Pull.objects.filter(registry=registry, event_id__in=[r.id for r in wanted]).values_list(
                "event_id", flat=True
            )
        )
        new = [report for report in wanted if report.id not in known]
        rows = [
            _row(registry, report, counts, who.get(report.id, NOBODY), now)
            for report, counts in zip(new, counted(new, _already(new)), strict=True)
        ]
        Pull.objects.bulk_create(rows)
        if rows:
            grants = sorted({row.grant for row in rows if row.grant})
            pulls_recorded.send(Pull, count=len(rows), grants=grants)
    return len(rows)


def seal(*, by: Actor, now: datetime) -> int:
    """Commit the digest of all rows not yet vouched for as one event `audit.pulls.sealed`; returns how many."""
    with audited(by=by):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        after = PullBatch.objects.order_by("-last").values_list("last", flat=True).first() or 0
        rows = list(Pull.objects.filter(id__gt=after).order_by("id").values(*SEALED_FIELDS)[:MOST_SEALED])
        if not rows:
            return 0
        batch = PullBatch.objects.create(
            first=rows[0]["id"], last=rows[-1]["id"], count=len(rows), digest=digest_of(rows), sealed_at=now
        )
        record(
            "audit.pulls.sealed",
            subject=f"pulls:{batch.first}-{batch.last}",
            detail={"count": batch.count, "sha256": batch.digest},
        )
    return len(rows)


def digest_of(rows: Sequence[Mapping[str, object]]) -> str:
    """SHA-256 over the rows' sealed fields, one JSON line each, in id order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, separators=(",", ":"), default=_text).encode() + b"\n")
    return digest.hexdigest()


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _already(reports: Sequence[Report]) -> dict[Key, list[datetime]]:
    # Only moments near the new reports can swallow them.
    pulls = [report for report in reports if is_manifest_pull(report)]
    if not pulls:
        return {}
    times = [report.timestamp for report in pulls]
    near = Pull.objects.filter(
        counted=True,
        actor__in={report.actor.name for report in pulls},
        at__range=(min(times) - SAME_PULL, max(times) + SAME_PULL),
    )
    moments: dict[Key, list[datetime]] = {}
    for actor, repository, at in near.values_list("actor", "repository", "at"):
        moments.setdefault((actor, repository), []).append(at)
    return moments


def _row(registry: str, report: Report, counts: bool, who: Attribution, now: datetime) -> Pull:
    return Pull(
        event_id=report.id,
        registry=registry,
        at=report.timestamp,
        received_at=now,
        action=report.action,
        counted=counts,
        repository=report.target.repository,
        digest=report.target.digest,
        tag=report.target.tag,
        media_type=report.target.media_type,
        method=report.request.method,
        actor=report.actor.name,
        address=report.request.address,
        user_agent=report.request.user_agent,
        token=who.token,
        person=who.person,
        person_name=who.person_name,
        project=who.project,
        team=who.team,
        grant=who.grant,
    )
