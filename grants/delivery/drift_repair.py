"""Putting drift right: the lines of a place are due again, and the queue does the rest as it always does."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from grants.connectors.base import IMAGE_PLACE, MEMBER_PLACE, Place
from grants.delivery.drift_plan import Spot
from grants.delivery.drift_states import DriftState, What
from grants.delivery.holdings import PERSON, imagined
from grants.delivery.models import Delivery, Drift, Episode
from grants.delivery.signals import delivery_changed
from grants.delivery.states import Status
from grants.delivery.targets import Target, layout_of
from grants.delivery.tasks import wake
from grants.directory.models import Project
from grants.lifecycle.models import Grant


def put_right(target: Target, rows: Sequence[Drift], *, now: datetime) -> list[Drift]:
    """Have the places of these locked rows worked again; those of them for which there was a line to work.

    Live lines are wanted again and re-read by their worker, so a grant that ended meanwhile gets nothing back. A
    leftover is taken away by a line of the newest grant that had it there. Inside a transaction; foreign rows and
    those that are over are left alone.
    """
    ours = [row for row in rows if row.what != What.APPEARED and row.state != DriftState.CLOSED]
    wanted = [row for row in ours if row.what != What.LEFTOVER]
    leftovers = [row for row in ours if row.what == What.LEFTOVER]
    done = set(_want_again(target, wanted, now)) | set(_remove_again(target, leftovers, now))
    worked = [row for row in ours if (row.kind, row.key) in done]
    pks = [row.pk for row in worked]
    Drift.objects.filter(pk__in=pks).update(
        state=DriftState.REPAIRING, repaired_at=now, fought_at=None, held_at=None, cause="", cause_name=""
    )
    Episode.objects.filter(drift__in=pks, ended_at=None).update(repaired_at=now)
    if worked:
        wake()
    return worked


def due_again(target: Target, lines: Iterable[int], *, now: datetime) -> int:
    """Have verified lines worked again because something else is wanted now; how many those were. Locks grants."""
    rows = Delivery.objects.filter(pk__in=list(lines), target=target.key)
    count = _requeue(rows, Status.VERIFIED, Status.WANTED, now)
    if count:
        wake()
    return count


def _want_again(target: Target, rows: Sequence[Drift], now: datetime) -> set[Spot]:
    lines = _lines(target, rows)
    _requeue(lines, Status.VERIFIED, Status.WANTED, now)
    spots = {(row.kind, row.key) for row in rows}
    there = set(lines.exclude(status=Status.PROVEN).values_list("kind", "key"))
    return spots & there


def _remove_again(target: Target, rows: Sequence[Drift], now: datetime) -> set[Spot]:
    newest: dict[Spot, int] = {}
    for pk, kind, key in _lines(target, rows).order_by("grant_id").values_list("pk", "kind", "key"):
        newest[kind, key] = pk
    for row in rows:
        if (row.kind, row.key) not in newest and (grant := _had_it(target, row)):
            newest[row.kind, row.key] = _made(grant, row, now).pk
    lines = Delivery.objects.filter(pk__in=newest.values())
    _requeue(lines, Status.PROVEN, Status.UNWANTED, now)
    return {(row.kind, row.key) for row in rows} & newest.keys()


def _requeue(lines: "QuerySet[Delivery]", before: Status, after: Status, now: datetime) -> int:
    """Lines that stand at `before` become `after`, due now; a worker that saw them before can write no more."""
    grants = sorted(set(lines.filter(status=before).values_list("grant_id", flat=True)))
    list(Grant.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=grants).order_by("pk"))
    count = lines.filter(status=before, grant__in=grants).update(
        status=after,
        since=now,
        next_attempt_at=now,
        fence=F("fence") + 1,
        failures=0,
        last_error="",
        denials=0,
    )
    for grant in grants:
        delivery_changed.send_robust(sender=Delivery, grant_id=grant)
    return count


def _lines(target: Target, rows: Sequence[Drift]) -> "QuerySet[Delivery]":
    """The lines at the places of these rows."""
    keys: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        keys[row.kind].append(row.key)
    places = Q(pk__in=[])
    for kind, of_kind in keys.items():
        places |= Q(kind=kind, key__in=of_kind)
    return Delivery.objects.filter(places, target=target.key)


def _made(grant: Grant, row: Drift, now: datetime) -> Delivery:
    """A line to take away what no line ever stood for, e.g. after a database was restored."""
    said = {"target": row.target, "kind": row.kind, "key": row.key, "status": Status.UNWANTED}
    return Delivery.objects.create(grant=grant, since=now, next_attempt_at=now, **said)


def _had_it(target: Target, row: Drift) -> Grant | None:
    """The newest grant that can have had a place no line stands for; None when nobody known can."""
    grants = Grant.objects.order_by("-pk")
    if row.kind == MEMBER_PLACE:
        number = row.key.removeprefix(PERSON)
        return grants.filter(members__person=int(number)).first() if number.isdecimal() else None
    if row.kind == IMAGE_PLACE:
        return grants.filter(images__image__repository=row.key).first()
    project = _project_of(target, Place(row.kind, row.key), row.last_seen_at)
    return grants.filter(project=project).first() if project else None


def _project_of(target: Target, place: Place, ends: datetime) -> Project | None:
    """The project whose own place this is, by the layout alone."""
    layout = layout_of(target)
    if layout is None:
        return None
    for project in Project.objects.select_related("team").order_by("-pk"):
        bare = imagined(project, target, people=(), images=(), role="viewer", ends=ends)
        if place in layout.places(bare):
            return project
    return None
