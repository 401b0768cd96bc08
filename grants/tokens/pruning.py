"""Removing old rows of tokens that nobody held and that allowed nothing, so that the log still verifies."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.models import Event
from audit.ledger.services import audited, record
from grants.tokens.errors import CredentialError
from grants.tokens.models import IssuedToken, TokenBatch
from grants.tokens.sealing import LOCK, digest_between


class NotPrunable(CredentialError):
    """A sealed run whose rows are not what was sealed: it is evidence and stays as it is."""

    status = 409


@dataclass(frozen=True)
class Pruned:
    """How many rows were removed, out of how many sealed runs."""

    rows: int
    runs: int


def prune(*, days: int, by: Actor, now: datetime) -> Pruned:
    """Remove the anonymous rows that allowed nothing from all sealed runs that ended `days` ago or earlier.

    One transaction and one event `grants.tokens.pruned` for each run that holds any: it vouches for what is left.
    Needs the database's owner: the application may not delete. Raises NotPrunable for a run that does not verify.
    """
    removed = [_prune(batch, by=by) for batch in _due(now - timedelta(days=days))]
    return Pruned(rows=sum(removed), runs=sum(count > 0 for count in removed))


def _due(before: datetime) -> list[TokenBatch]:
    newest = (
        Event.objects.filter(kind="grants.tokens.pruned")
        .order_by("-sequence")
        .values_list("subject", flat=True)
    )
    done = int(subject.partition(":")[2]) if (subject := newest.first()) else 0
    return list(TokenBatch.objects.filter(pk__gt=done, until__lte=before).order_by("pk"))


def _prune(batch: TokenBatch, *, by: Actor) -> int:
    if not _anonymous(batch).exists():
        return 0
    with audited(by=by):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if digest_between(batch.after, batch.until) != (batch.count, batch.digest):
            message = _("The rows of %(run)s are not those that were sealed. Run verify_logs.")
            raise NotPrunable("not_as_sealed", message % {"run": f"tokens:{batch.pk}"}, {"batch": batch.pk})
        removed, _models = _anonymous(batch).delete()
        count, digest = digest_between(batch.after, batch.until)
        record(
            "grants.tokens.pruned",
            subject=f"tokens:{batch.pk}",
            detail={"removed": removed, "count": count, "sha256": digest},
        )
    return removed


def _anonymous(batch: TokenBatch) -> QuerySet[IssuedToken]:
    rows = IssuedToken.objects.filter(at__gt=batch.after, at__lte=batch.until, outcome="issued")
    return rows.filter(login="", principal="", credential_id=None, access=[])
