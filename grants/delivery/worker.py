"""Working the queue: claim due lines, call their targets outside any transaction, write how it came out."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from logging import getLogger

from django.db import transaction

from grants.connectors.base import Change, Connector, Entry, Outcome, Scope
from grants.connectors.errors import ConnectorError, NotYet, Transient
from grants.delivery import outcomes
from grants.delivery.claims import Step, Ticking, claim, intend, put_off
from grants.delivery.desired import entry_to_apply, removals_of
from grants.delivery.failpoints import reach
from grants.delivery.models import Delivery
from grants.delivery.signals import delivery_changed
from grants.delivery.states import REMOVING, Action, Result
from grants.delivery.targets import connector_for

log = getLogger(__name__)
PATIENCE = 3  # transient failures of one target in a row, before the rest of a batch leaves it alone
REST = timedelta(seconds=5)
TELL_EVERY = timedelta(seconds=1)


class Run:
    """One batch: its time, its connectors, and which targets have stopped answering."""

    def __init__(self, now: datetime) -> None:
        self.clock = Ticking(now)
        self.troubles: Counter[str] = Counter()
        self._touched: set[int] = set()
        self._told_at = self.clock.now()
        self._connectors: dict[str, Connector] = {}

    def connector(self, target: str) -> Connector:
        """The target's connector, made once a batch."""
        if target not in self._connectors:
            self._connectors[target] = connector_for(target)
        return self._connectors[target]

    def touch(self, row: Delivery) -> None:
        """Remember that a line of this grant was worked, and say so now and then."""
        self._touched.add(row.grant_id)
        if self.clock.now() >= self._told_at + TELL_EVERY:
            self.tell()

    def tell(self) -> None:
        """Tell the higher rooms which grants moved on since the last time; a notice that fails stops no line."""
        touched, self._touched, self._told_at = self._touched, set(), self.clock.now()
        for grant_id in sorted(touched):
            with transaction.atomic():
                delivery_changed.send_robust(sender=Delivery, grant_id=grant_id)


def work_due(*, now: datetime, limit: int = 50) -> int:
    """Work up to `limit` due lines; how many were claimed. One that fails, for whatever reason, stops no other.

    Records `grants.delivery.verified`, `.proven` and, after three failures in a row, `.failing`.
    """
    run = Run(now)
    rows = claim(now=now, limit=limit)
    for row in rows:
        try:
            _work(row, run)
        except Exception:
            # Not even the outcome could be written; the lease runs out and the line is due again.
            log.exception("A line could not be worked on", extra={"delivery": row.pk})
        run.touch(row)
    run.tell()
    return len(rows)


def _work(row: Delivery, run: Run) -> None:
    if run.troubles[row.target] >= PATIENCE:
        put_off(row, until=run.clock.now() + REST)
        return
    try:
        steps, keepers = _steps(row)
        connector = run.connector(row.target)
        done = bool(steps) and _read_back(row, connector, steps, run)
    except Exception as error:
        log.warning("A line could not be prepared", extra={"delivery": row.pk}, exc_info=error)
        _heard(row, error, run)
        outcomes.failed(row, None, None, error=error, now=run.clock.now())
        return
    if not steps:
        outcomes.cut_off(row, seen="Nothing is left to do.", now=run.clock.now())
        outcomes.kept(row, keepers=keepers, now=run.clock.now())
    elif not done:
        for step in steps:
            if not _take(row, connector, step, run):
                break


def _steps(row: Delivery) -> tuple[list[Step], str]:
    if row.status not in REMOVING:
        return [Step(Action.APPLY, entry_to_apply(row))], ""
    removals, keepers = removals_of(row)
    last = len(removals) - 1
    return [
        Step(Action.REMOVE, removal.entry, last=place == last, partial=removal.partial)
        for place, removal in enumerate(removals)
    ], keepers


def _read_back(row: Delivery, connector: Connector, steps: list[Step], run: Run) -> bool:
    """After a call whose end nobody saw: look before anything is tried again. True when that settles the line."""
    newest = row.calls.order_by("-pk").first() if row.attempts else None
    if newest is None or newest.outcome not in ("", Result.UNKNOWN):
        return False
    entries = tuple(step.entry for step in steps)
    found: Sequence[Entry] = connector.observe(Scope(row.target, entries))
    seen = f"Read back: {len(found)} of {len(entries)} in force."
    outcomes.cut_off(row, seen=seen, now=run.clock.now())
    if steps[0].action != Action.APPLY or not _covers(found, entries[0]):
        return False  # a removal is asked for again: only the target's refusal proves it
    outcomes.succeeded(row, None, steps[0], proven=True, detail=seen, now=run.clock.now())
    return True


def _covers(found: Sequence[Entry], entry: Entry) -> bool:
    same = (seen for seen in found if seen.identity == entry.identity)
    return any(set(entry.values("image")) <= set(seen.values("image")) for seen in same)


def _take(row: Delivery, connector: Connector, step: Step, run: Run) -> bool:
    """One outside call between its intent and its outcome; whether it was proven and the next step may follow."""
    reach("delivery.before_intent")
    attempt = intend(row, step, now=run.clock.now())
    if attempt is None:
        return False
    reach("delivery.after_intent")
    answer = _call(connector, step)
    reach("delivery.after_call")
    _heard(row, answer, run)
    now = run.clock.now()
    if isinstance(answer, Exception):
        outcomes.failed(row, attempt, step, error=answer, now=now)
    else:
        outcomes.succeeded(row, attempt, step, proven=answer.proven, detail=answer.detail, now=now)
    reach("delivery.after_outcome")
    return isinstance(answer, Outcome) and answer.proven


def _call(connector: Connector, step: Step) -> Outcome | Exception:
    change = Change(step.action.value, step.entry)
    try:
        return connector.apply(change) if step.action == Action.APPLY else connector.remove(change)
    except Exception as error:
        if not isinstance(error, ConnectorError):
            log.exception("A connector raised what it should not")
        return error


def _heard(row: Delivery, answer: Outcome | Exception, run: Run) -> None:
    """Count the times in a row that a target did not answer."""
    down = isinstance(answer, Transient) and not isinstance(answer, NotYet)
    run.troubles[row.target] = run.troubles[row.target] + 1 if down else 0
