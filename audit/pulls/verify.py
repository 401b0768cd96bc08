"""Whether the pull log still is what the ledger vouches for."""

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
from audit.pulls.models import Pull, PullBatch
from audit.pulls.services import MOST_SEALED, SEALED_FIELDS, digest_of

KIND = "audit.pulls.sealed"


def verify_pulls(*, now: datetime) -> Verdict:
    """Read every sealed run again and compare it with its event; also finds rows that no run holds."""
    with one_snapshot():
        verdict = verify_runs(KIND, _runs(), _read)
        last = PullBatch.objects.order_by("-last").values_list("last", flat=True).first() or 0
        if stray := Pull.objects.filter(id__lte=last).count() - verdict.rows:
            verdict.faults.append(Fault(STRAY, "pulls", stray))
        if late := Pull.objects.filter(id__gt=last, received_at__lt=now - LATE).count():
            verdict.faults.append(Fault(LATE_ROWS, "pulls", late))
    return verdict


def _runs() -> Iterator[Run[PullBatch]]:
    for batch in PullBatch.objects.order_by("first").iterator():
        subject = f"pulls:{batch.first}-{batch.last}"
        yield Run(Vouched(batch.first, subject, batch.count, batch.digest), batch)


def _read(batch: PullBatch) -> tuple[int, str]:
    rows = Pull.objects.filter(id__range=(batch.first, batch.last)).order_by("id").values(*SEALED_FIELDS)
    kept = list(rows[: MOST_SEALED + 1])
    return len(kept), digest_of(kept)
