"""Committing the token log to the ledger: one event vouches for a run of rows."""

import hashlib
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Min

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.lifecycle.clock import database_time
from grants.tokens.models import IssuedToken, TokenBatch

SETTLED = timedelta(seconds=15)
"""Rows this old are all committed: a statement of the hot path is cut off after five seconds."""
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
LOCK = 7095217263184453


def seal(*, by: Actor, now: datetime) -> int:
    """Commit the digest of the rows since the last batch as one event `grants.tokens.sealed`; returns how many."""
    with audited(by=by):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        after = TokenBatch.objects.order_by("-until").values_list("until", flat=True).first() or BEGINNING
        # Rows bear the database's time: a worker whose clock runs ahead would vouch for what is still to come.
        until = min(now, database_time()) - SETTLED
        count, digest = digest_between(after, until)
        if not count:
            return 0
        batch = TokenBatch.objects.create(after=after, until=until, count=count, digest=digest)
        record(
            "grants.tokens.sealed", subject=f"tokens:{batch.pk}", detail={"count": count, "sha256": digest}
        )
    return count


def unsealed_since() -> datetime | None:
    """The time of the oldest row that no sealed run holds yet; None when all are sealed."""
    last = TokenBatch.objects.order_by("-until").values_list("until", flat=True).first() or BEGINNING
    oldest: datetime | None = IssuedToken.objects.filter(at__gt=last).aggregate(oldest=Min("at"))["oldest"]
    return oldest


def digest_between(after: datetime, until: datetime) -> tuple[int, str]:
    """How many rows lie in (after, until], and SHA-256 over their lines in id order."""
    digest, count = hashlib.sha256(), 0
    rows = IssuedToken.objects.filter(at__gt=after, at__lte=until).order_by("id")
    fields = ("jti", "at", "outcome", "reason", "login", "principal", "service", "asked", "access", "expires")
    for row in rows.values_list(*fields).iterator(chunk_size=5000):
        digest.update(repr(row).encode() + b"\n")
        count += 1
    return count, digest.hexdigest()
