"""Bringing a target in step at once, for an operator: what the schedule and the workers do anyway, without waiting."""

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db.models import F, Min, QuerySet
from django.utils import timezone

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Detail
from grants.delivery.drift import REPORT, scan
from grants.delivery.drift_brake import AT_ONCE
from grants.delivery.drift_decisions import decide_drift
from grants.delivery.drift_errors import NotDecidable
from grants.delivery.drift_states import Decision, DriftState, What
from grants.delivery.models import Delivery, Drift
from grants.delivery.plan_steps import Do, TargetPlan
from grants.delivery.states import OPEN
from grants.delivery.targets import Target, layout_of
from grants.delivery.worker import work_due

BATCH = 50
SHORTEST_REST, LONGEST_REST = 0.1, 1.0  # seconds between two looks at the queue
REASON = "manage.py reconcile --apply"


def reconcile(target: Target, plan: TargetPlan, *, by: Actor, now: datetime) -> str:
    """Have everything of a plan done now that may be; why the target could not be looked at, or "".

    Differences are put right by the engine's own scan, also where the target's options only have them reported, and
    failing lines are due at once. Removals held back and places fought over stay as they are: administrators decide.
    Records `grants.target.reconciled`. Raises NotScannable while somebody else looks at the target.
    """
    with audited(by=by):
        failing = _failing(target).update(next_attempt_at=now)
        counts = {str(do): plan.count(do) for do in (Do.ADD, Do.CHANGE, Do.REMOVE)}
        detail: Detail = {"target": target.key, "lines": failing, **counts}
        record("grants.target.reconciled", subject=f"target:{target.key}", detail=detail)
    if layout_of(target) is None:
        return ""
    report = scan(target, now=now)
    if not report.error and not report.too_little and target.options.get("drift") == REPORT:
        _insist(target, by=by, now=now)
    return report.error


def work_until(
    targets: Collection[str],
    *,
    deadline: datetime,
    clock: Callable[[], datetime] = timezone.now,
    rest: Callable[[float], None] = time.sleep,
) -> int:
    """Work the queue as a worker does until nothing of these targets is due before the deadline; how many lines.

    One batch at least. Lines of other targets that stand before ours in the queue are worked on the way.
    """
    worked = rounds = 0
    while (due := _next(targets)) is not None and due <= deadline:
        now = clock()
        if rounds and now > deadline:
            break
        rounds += 1
        done = work_due(now=now, limit=BATCH) if due <= now else 0
        worked += done
        if not done:  # not due yet, or another worker has it
            rest(min(max((due - now) / timedelta(seconds=1), SHORTEST_REST), LONGEST_REST))
    return worked


def lines_left(targets: Collection[str]) -> "QuerySet[Delivery]":
    """The lines of these targets that are not done, in order."""
    return Delivery.objects.filter(target__in=targets, status__in=OPEN).order_by(
        "target", "kind", "key", "pk"
    )


def _next(targets: Collection[str]) -> datetime | None:
    found: datetime | None = lines_left(targets).aggregate(at=Min("next_attempt_at"))["at"]
    return found


def _failing(target: Target) -> "QuerySet[Delivery]":
    """What failed and waits; a line with a call under way is its worker's."""
    rows = Delivery.objects.filter(target=target.key, status__in=OPEN, failures__gt=0)
    return rows.exclude(calls__outcome="")


def _insist(target: Target, *, by: Actor, now: datetime) -> None:
    rows = Drift.objects.filter(target=target.key, state=DriftState.OPEN, held_at=None, fought_at=None)
    rows = rows.exclude(what=What.APPEARED).order_by(F("first_seen_at").asc(), "pk")
    for row in rows[: int(target.options.get("drift_at_once", AT_ONCE))]:
        try:
            decide_drift(drift=row, decision=Decision.REVERT, until=None, reason=REASON, by=by, now=now)
        except NotDecidable:
            continue  # over meanwhile, or nobody's: the plan that follows shows what is left
