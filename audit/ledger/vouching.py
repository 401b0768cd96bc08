"""Logs that are too many to chain: their sealed runs, compared with the events of the ledger that vouch for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import Event

LATE = timedelta(hours=1)
"""Rows this old should have been sealed: the scheduler does it every 20 seconds."""

MISSING, UNVOUCHED, TWICE = "missing", "unvouched", "twice"
CHANGED, ROWS, PRUNED, STRAY, LATE_ROWS = "changed", "rows", "pruned", "stray", "late"
_WORDS: Mapping[str, Promise] = {
    MISSING: _("%(what)s: the ledger vouches for this run, and it is missing"),
    UNVOUCHED: _("%(what)s: no event of the ledger vouches for this run"),
    TWICE: _("%(what)s: the ledger vouches for this run more than once"),
    CHANGED: _("%(what)s: this run is not kept as the ledger vouches for it"),
    ROWS: _("%(what)s: the rows are not those that were sealed"),
    PRUNED: _("%(what)s: what was removed and what was left are not what was sealed"),
    STRAY: _("%(what)s: %(count)d rows lie among sealed ones and were never sealed"),
    LATE_ROWS: _("%(what)s: %(count)d rows are older than an hour and not sealed"),
}
Kept = TypeVar("Kept")
_KEY: Callable[[Any], int] = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Vouched:
    """So many rows that give this digest; `key` orders the runs of a log, `subject` is how the ledger calls one."""

    key: int
    subject: str
    count: int
    digest: str

    @property
    def content(self) -> tuple[int, str]:
        """What rows that are read again must give."""
        return self.count, self.digest


@dataclass(frozen=True, slots=True)
class Run(Generic[Kept]):
    """A sealed run as its log's own table keeps it."""

    said: Vouched
    kept: Kept

    @property
    def key(self) -> int:
        """Its place among the runs."""
        return self.said.key


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was sealed."""

    code: str
    what: str
    count: int = 0

    def __str__(self) -> str:
        """As a sentence without its full stop."""
        return str(_WORDS[self.code]) % {"what": self.what, "count": self.count}


@dataclass(slots=True)
class Verdict:
    """What was found of one log: its runs, the rows read again, how many rows were taken out of runs, the faults."""

    runs: int = 0
    rows: int = 0
    pruned: int = 0
    faults: list[Fault] = field(default_factory=list)


def verify_runs(
    kind: str,
    runs: Iterable[Run[Kept]],
    read: Callable[[Kept], tuple[int, str]],
    *,
    pruned_kind: str = "",
) -> Verdict:
    """Compare runs, in the order of their keys, with the events of `kind`, and their rows with what is vouched for.

    `read` gives count and digest of the rows of a run now. Events of `pruned_kind` vouch for what was left of a run.
    The events themselves are trusted: `verify_log` says whether they may be. Call it inside `one_snapshot`.
    """
    verdict, pruned, highest = Verdict(), _pruned(pruned_kind), -1
    told: Iterable[Run[Kept] | Vouched] = merge(runs, vouches(kind), key=_KEY)
    for key, group in groupby(told, key=_KEY):
        found = list(group)
        events = [one for one in found if isinstance(one, Vouched)]
        kept = [one for one in found if isinstance(one, Run)]
        # Events stand in the order of their runs; one that comes later than the next run's repeats what was said.
        verdict.faults += _faults(events, kept) if key > highest else [Fault(TWICE, events[0].subject)]
        highest = max(highest, key)
        for run in kept:
            _look(verdict, run, read(run.kept), events, pruned.get(run.key, []))
    return verdict


def vouches(kind: str) -> Iterator[Vouched]:
    """What the events of a kind vouch for, in the order they were written."""
    events = Event.objects.filter(kind=kind).order_by("sequence").values_list("subject", "detail")
    for subject, detail in events.iterator():
        key = subject.partition(":")[2].partition("-")[0]
        yield Vouched(
            int(key) if key.isdecimal() else 0, subject, detail.get("count", 0), detail.get("sha256", "")
        )


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read runs, rows and events as they were at one moment, while sealing goes on. Not inside a transaction."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _pruned(kind: str) -> dict[int, list[Vouched]]:
    found: dict[int, list[Vouched]] = {}
    for left in vouches(kind) if kind else ():
        found.setdefault(left.key, []).append(left)
    return found


def _faults(events: list[Vouched], kept: "list[Run[Kept]]") -> Iterator[Fault]:
    if not kept:
        yield Fault(MISSING, events[0].subject)
    elif not events:
        yield Fault(UNVOUCHED, kept[0].said.subject)
    elif kept[0].said != events[0]:
        yield Fault(CHANGED, events[0].subject)
    if len(events) > 1:
        yield Fault(TWICE, events[0].subject)


def _look(
    verdict: Verdict, run: "Run[Kept]", now: tuple[int, str], events: list[Vouched], pruned: list[Vouched]
) -> None:
    sealed = events[0] if events else run.said
    left = pruned[0] if pruned else sealed
    verdict.runs += 1
    verdict.rows += now[0]
    verdict.pruned += sealed.count - left.count
    if len(pruned) > 1 or left.count > sealed.count:
        verdict.faults.append(Fault(PRUNED, sealed.subject))
    if now != left.content:
        verdict.faults.append(Fault(ROWS, sealed.subject))
