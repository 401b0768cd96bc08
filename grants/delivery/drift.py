"""Looking at a target for what changed there without us: the scan, its brakes, and what follows from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from audit.ledger.services import audited, record
from audit.ledger.types import Value
from grants.connectors.base import Connector, Layout
from grants.connectors.errors import ConnectorError
from grants.delivery.drift_brake import AT_ONCE, too_little, too_many_removals
from grants.delivery.drift_clock import note_done, note_failed
from grants.delivery.drift_errors import NotScannable
from grants.delivery.drift_reading import Picture, look_at, picture_of
from grants.delivery.drift_records import Written, write_found
from grants.delivery.drift_repair import due_again, put_right
from grants.delivery.drift_states import DriftState, What
from grants.delivery.failpoints import reach
from grants.delivery.models import Delivery, Drift
from grants.delivery.services import DELIVERY
from grants.delivery.signals import drift_changed
from grants.delivery.states import Status
from grants.delivery.targets import Target, connector_for, layout_of

DRIFT_POINTS = ("drift.after_look", "drift.after_record", "drift.after_repair")
REPAIR, REPORT = "repair", "report"
CHUNK = 100  # places put right in one transaction


@dataclass(slots=True)
class ScanReport:
    """What a scan came to. Numbers of places; `ms` is our own time, `error` why the target could not be looked at."""

    target: str
    at: datetime
    wanted: int = 0
    there: int = 0
    vanished: int = 0
    changed: int = 0
    leftover: int = 0
    appeared: int = 0
    stale: int = 0
    repairing: int = 0
    held: int = 0
    fought: int = 0
    closed: int = 0
    too_little: bool = False
    ms: int = 0
    error: str = ""


def scan(target: Target, *, now: datetime) -> ScanReport:
    """Look at everything of ours at a target, write down what differs, and put right what may be put right.

    Records `grants.drift.found`, `.closed`, `.fought-over`, `.held` and `.too-little`. What the target does not answer
    is in the report and stays due. Raises NotScannable (`keeps_nothing`, `scan_running`).
    """
    layout = layout_of(target)
    if layout is None:
        raise NotScannable("keeps_nothing", _("Purser itself decides there, so nothing can differ."))
    with _alone(target.key):
        try:
            picture, spent = _looked(target, connector_for(target.key), layout, now)
        except ConnectorError as error:
            note_failed(target.key, error=error.message, now=now)
            return ScanReport(target.key, now, error=error.message)
        except Exception as error:
            # Only its class: what a library puts into its text may hold more than people should read.
            note_failed(target.key, error=type(error).__name__, now=now)
            raise
        return _followed(target, picture, spent, now)


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """One scan of a target at a time; the lock is gone with a process that dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('drift'), hashtext(%s))", [key])
        if not cursor.fetchone()[0]:
            raise NotScannable("scan_running", _("This target is being looked at right now."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('drift'), hashtext(%s))", [key])


def _looked(target: Target, connector: Connector, layout: Layout, now: datetime) -> tuple[Picture, float]:
    """A picture and our own seconds for it; a target that shows suspiciously little is asked once more."""
    look = look_at(target, connector, now=now)
    reach("drift.after_look")
    started = perf_counter()
    picture = picture_of(target, layout, look)
    spent = perf_counter() - started
    if not _little(picture):
        return picture, spent
    look = look_at(target, connector, now=now)
    started = perf_counter()
    return picture_of(target, layout, look), spent + perf_counter() - started


def _little(picture: Picture) -> bool:
    return too_little(firm=picture.firm, there=picture.firm_there)


def _followed(target: Target, picture: Picture, spent: float, now: datetime) -> ScanReport:
    started = perf_counter()
    report = ScanReport(target.key, now, wanted=len(picture.wanted), there=len(picture.look.ours))
    report.too_little, report.stale = _little(picture), len(picture.found.stale)
    _count(report, picture)
    with audited(by=DELIVERY):
        written = write_found(target, picture, now=now)
        _refresh(picture)
        stale = [line.pk for spot in picture.found.stale for line in picture.lines.get(spot, ())]
        due_again(target, stale, now=now)
        report.held = _hold(target, report, now)
        _alarm(target, report, written, now)
    reach("drift.after_record")
    report.repairing = _repair(target, now)
    reach("drift.after_repair")
    report.fought, report.closed = len(written.fought), len(written.closed)
    report.ms = round((spent + perf_counter() - started) * 1000)
    note_done(report, now=now)
    return report


def _count(report: ScanReport, picture: Picture) -> None:
    for difference in picture.found.differences:
        setattr(report, difference.what, getattr(report, difference.what) + 1)


def _refresh(picture: Picture) -> None:
    """Verified lines of places in step stand for what is there now, though another line may have put it there."""
    old: dict[str, list[int]] = {}
    for spot in picture.found.in_step:
        digest = picture.digests[spot]
        for line in picture.lines[spot]:
            if line.status == Status.VERIFIED and line.facts != digest:
                old.setdefault(digest, []).append(line.pk)
    for digest, pks in old.items():
        Delivery.objects.filter(pk__in=pks, status=Status.VERIFIED).update(facts=digest)


def _hold(target: Target, report: ScanReport, now: datetime) -> int:
    """Hold removals back when there are too many for one scan; how many wait for a person."""
    open_rows = Drift.objects.filter(target=target.key, what=What.LEFTOVER, state=DriftState.OPEN)
    unreleased = open_rows.filter(released_at=None)
    count = unreleased.count()
    if not too_many_removals(removals=count, there=report.there):
        unreleased.exclude(held_at=None).update(held_at=None)
        return 0
    fresh = list(unreleased.filter(held_at=None).values_list("pk", flat=True))
    unreleased.filter(pk__in=fresh).update(held_at=now)
    if fresh:
        detail: dict[str, Value] = {"target": target.key, "lines": count, "there": report.there}
        record("grants.drift.held", subject=f"target:{target.key}", detail=detail)
        _send(target, "held", fresh, now)
    return count


def _alarm(target: Target, report: ScanReport, written: Written, now: datetime) -> None:
    if report.too_little and written.opened:
        detail: dict[str, Value] = {"target": target.key, "there": report.there, "lines": report.wanted}
        record("grants.drift.too-little", subject=f"target:{target.key}", detail=detail)
        _send(target, "too_little", [row.pk for row in written.opened], now)
    for event, rows in (("found", written.opened), ("fought", written.fought)):
        if rows:
            _send(target, event, [row.pk for row in rows], now)


def _send(target: Target, event: str, pks: Sequence[int], now: datetime) -> None:
    drift_changed.send(sender=Drift, target=target.key, event=event, drift_ids=list(pks), now=now)


def _repair(target: Target, now: datetime) -> int:
    """Put right what may be, oldest first, so many at once; how many are being put right now."""
    rows = Drift.objects.filter(target=target.key)
    busy = rows.filter(state=DriftState.REPAIRING).count()
    room = max(0, int(target.options.get("drift_at_once", AT_ONCE)) - busy)
    waiting = list(_repairable(target).values_list("pk", flat=True)[:room])
    for start in range(0, len(waiting), CHUNK):
        with audited(by=DELIVERY):
            chunk = _locked(waiting[start : start + CHUNK])
            busy += len(put_right(target, chunk, now=now))
    return busy


def _repairable(target: Target) -> Any:
    rows = Drift.objects.filter(target=target.key, state=DriftState.OPEN).exclude(what=What.APPEARED)
    rows = rows.filter(fought_at=None, held_at=None)
    if target.options.get("drift", REPAIR) != REPAIR:
        rows = rows.exclude(released_at=None)
    return rows.order_by(F("released_at").asc(nulls_last=True), "first_seen_at", "pk")


def _locked(pks: Sequence[int]) -> list[Drift]:
    rows = Drift.objects.filter(pk__in=pks, state=DriftState.OPEN).order_by("pk")
    return list(rows.select_for_update(no_key=True, of=("self",)))
