"""Working the queue: claim due lines, call their targets outside any transaction, write how it came out."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import getLogger

from django.db import transaction

from grants.connectors.base import Change, Connector, Entry, Layout, Outcome, Place, Scope
from grants.connectors.errors import Conflict, ConnectorError, NotYet, Transient
from grants.delivery import outcomes
from grants.delivery.claims import Step, Ticking, claim, intend, put_off
from grants.delivery.entries import Wanted, digest_of, wanted_at
from grants.delivery.failpoints import reach
from grants.delivery.models import Delivery
from grants.delivery.signals import delivery_changed
from grants.delivery.states import REMOVING, Action, Result
from grants.delivery.targets import Target, connector_for, layout_of, target_of
from grants.delivery.trials import entry_to_apply, removals_of
from grants.delivery.turns import turn

log = getLogger(__name__)
PATIENCE = 3  # transient failures of one target in a row, before the rest of a batch leaves it alone
REST = timedelta(seconds=5)
TELL_EVERY = timedelta(seconds=1)
SHOWN_KEEPERS = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """What a line is worked with: its target, the connector, and the layout where the target keeps entries."""

    target: Target
    connector: Connector
    layout: Layout | None

    def turn(self, row: Delivery, now: datetime) -> AbstractContextManager[timedelta | None]:
        """None when it is this line's turn, else how long to leave it; where nothing is kept it always is."""
        if self.layout is None:
            return nullcontext()
        return turn(self.target, self.layout.lock(Place(row.kind, row.key)), now=now)

    def steps(self, row: Delivery) -> tuple[list[Step], str]:
        """The calls to make for a line now, and who keeps what it stands for when there is none to make."""
        if self.layout is not None:
            return [_step_at(row, wanted_at(row, self.target, self.layout))], ""
        return _trials(row)


class Run:
    """One batch: its time, its connectors, and which targets have stopped answering."""

    def __init__(self, now: datetime) -> None:
        self.clock = Ticking(now)
        self.troubles: Counter[str] = Counter()
        self.busy = 0
        self._touched: set[int] = set()
        self._told_at = self.clock.now()
        self._desks: dict[str, Desk] = {}

    def desk(self, key: str) -> Desk:
        """What lines at the target with this key are worked with, made once a batch. Raises Permanent."""
        if key not in self._desks:
            connector, target = connector_for(key), target_of(key)
            assert target is not None, "a target with a connector exists"  # noqa: S101 - narrows the type
            self._desks[key] = Desk(target, connector, layout_of(target))
        return self._desks[key]

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


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of due lines: how many were claimed, and how many of them put off because others were at it."""

    claimed: int
    busy: int


def work_due(*, now: datetime, limit: int = 50, target: str = "") -> int:
    """Work up to `limit` due lines, of one target or of all; how many were claimed. See `work_batch`."""
    return work_batch(now=now, limit=limit, target=target).claimed


def work_batch(
    *, now: datetime, limit: int, target: str = "", full: Callable[[], object] = lambda: None
) -> Batch:
    """Work up to `limit` due lines, of one target or of all. One that fails stops no other.

    `full` is called before them when that many were due. Records `grants.delivery.verified`, `.proven` and, after
    three failures in a row, `.failing`.
    """
    run = Run(now)
    rows = claim(now=now, limit=limit, target=target)
    if len(rows) == limit:
        full()
    for row in rows:
        try:
            _work(row, run)
        except Exception:
            # Not even the outcome could be written; the lease runs out and the line is due again.
            log.exception("A line could not be worked on", extra={"delivery": row.pk})
        run.touch(row)
    run.tell()
    return Batch(len(rows), run.busy)


def _work(row: Delivery, run: Run) -> None:
    if run.troubles[row.target] >= PATIENCE:
        put_off(row, until=run.clock.now() + REST)
        return
    try:
        desk = run.desk(row.target)
    except Exception as error:
        _unprepared(row, error, run)
        return
    with desk.turn(row, run.clock.now()) as pause:
        if pause is None:
            _work_in_turn(row, desk, run)
        else:
            run.busy += 1
            put_off(row, until=run.clock.now() + pause)


def _work_in_turn(row: Delivery, desk: Desk, run: Run) -> None:
    try:
        steps, keepers = desk.steps(row)
        done = bool(steps) and _read_back(row, desk, steps, run)
    except Exception as error:
        _unprepared(row, error, run)
        return
    if not steps:
        outcomes.cut_off(row, seen="Nothing is left to do.", now=run.clock.now())
        outcomes.kept(row, keepers=keepers, now=run.clock.now())
    elif not done:
        for step in steps:
            if not _take(row, desk.connector, step, run):
                break


def _unprepared(row: Delivery, error: Exception, run: Run) -> None:
    log.warning("A line could not be prepared", extra={"delivery": row.pk}, exc_info=error)
    _heard(row, error, run)
    outcomes.failed(row, None, None, error=error, now=run.clock.now())


def _trials(row: Delivery) -> tuple[list[Step], str]:
    """The steps where Purser's own decision is all there is: try it out."""
    if row.status not in REMOVING:
        return [Step(Action.APPLY, entry_to_apply(row))], ""
    removals, keepers = removals_of(row)
    last = len(removals) - 1
    return [
        Step(Action.REMOVE, removal.entry, last=place == last, partial=removal.partial)
        for place, removal in enumerate(removals)
    ], keepers


def _step_at(row: Delivery, wanted: Wanted) -> Step:
    """The one step at a target that keeps entries: make the place what all live grants want there now."""
    if wanted.entry is None and row.status not in REMOVING:
        raise Conflict("No live grant asks for this any more.")
    change = wanted.change
    keepers = ", ".join(f"grant:{pk}" for pk in wanted.grants[:SHOWN_KEEPERS])
    return Step(Action(change.action), change.entry, facts=digest_of(wanted.entry), keepers=keepers)


def _read_back(row: Delivery, desk: Desk, steps: list[Step], run: Run) -> bool:
    """After a call whose end nobody saw: look before anything is tried again. True when that settles the line.

    Where entries are kept it never does: the call that follows begins by reading, and says what else there is to
    know (when the entry ends by itself, when it needs us again).
    """
    newest = row.calls.order_by("-pk").first() if row.attempts else None
    if newest is None or newest.outcome not in ("", Result.UNKNOWN):
        return False
    entries = tuple(step.entry for step in steps)
    found: Sequence[Entry] = desk.connector.observe(Scope(row.target, entries))
    seen = f"Read back: {len(found)} of {len(entries)} in force."
    outcomes.cut_off(row, seen=seen, now=run.clock.now())
    if desk.layout or steps[0].action != Action.APPLY or not _covers(found, entries[0]):
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
        seen = answer.detail
        outcomes.succeeded(row, attempt, step, proven=answer.proven, detail=seen, now=now, answer=answer)
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
