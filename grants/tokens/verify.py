"""Whether the token log still is what the ledger vouches for."""

from collections.abc import Iterator
from datetime import datetime

from audit.ledger.vouching import (
    LATE,
    LATE_ROWS,
    STRAY,
    Fault,
    Run,
    Verdict,
    Vouched,
    one_snapshot,
    verify_runs,
)
from grants.tokens.models import IssuedToken, TokenBatch
from grants.tokens.sealing import BEGINNING, digest_between

SEALED, PRUNED = "grants.tokens.sealed", "grants.tokens.pruned"


def verify_tokens(*, now: datetime) -> Verdict:
    """Read every sealed run again and compare it with its event; also finds rows that no run holds.

    Of a run whose anonymous rows were removed, what is left is compared with the event that says so.
    """
    with one_snapshot():
        verdict = verify_runs(SEALED, _runs(), _read, pruned_kind=PRUNED)
        last = TokenBatch.objects.order_by("-until").values_list("until", flat=True).first() or BEGINNING
        if stray := IssuedToken.objects.filter(at__lte=last).count() - verdict.rows:
            verdict.faults.append(Fault(STRAY, "tokens", stray))
        if late := IssuedToken.objects.filter(at__gt=last, at__lt=now - LATE).count():
            verdict.faults.append(Fault(LATE_ROWS, "tokens", late))
    return verdict


def _runs() -> Iterator[Run[TokenBatch]]:
    for batch in TokenBatch.objects.order_by("pk").iterator():
        yield Run(Vouched(batch.pk, f"tokens:{batch.pk}", batch.count, batch.digest), batch)


def _read(batch: TokenBatch) -> tuple[int, str]:
    return digest_between(batch.after, batch.until)
