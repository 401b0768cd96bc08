"""Writing what a scan found: one row a difference while it lasts, one episode for each time, one event for each."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db.models import Q, prefetch_related_objects

from audit.ledger.services import record
from grants.connectors.base import Entry
from grants.delivery.drift_brake import FIGHT_WITHIN, Turn, fought_over, likely_cause
from grants.delivery.drift_plan import Difference, Spot
from grants.delivery.drift_reading import Picture, projects_at
from grants.delivery.drift_states import LASTING, DriftState, What
from grants.delivery.models import Drift, Episode
from grants.delivery.targets import Target

Key = tuple[str, str, str]
ANEW = (DriftState.CLOSED, DriftState.REPAIRING)
BATCH = 500
_SEEN = (
    "state",
    "wanted",
    "seen",
    "last_seen_at",
    "came_back",
    "closed_at",
    "repaired_at",
    "ignore_until",
    "accepted",
)


@dataclass(slots=True)
class Written:
    """What became of the differences of one scan."""

    opened: list[Drift]
    closed: list[Drift]
    fought: list[Drift]


class _Sight(Enum):
    """What a difference of this scan is to its row."""

    FRESH = 1
    OPENED = 2
    CHANGED = 3
    SAME = 4


def write_found(target: Target, picture: Picture, *, now: datetime) -> Written:
    """Bring the rows of a target in step with a scan. Inside `audited` only.

    Records `grants.drift.found` for each that begins (again), `.closed` for each that is over, `.fought-over` for each
    that is undone again and again.
    """
    rows = _rows(target.key, picture.found.differences)
    sorted_out = _sorted_out(target.key, rows, picture.found.differences, now)
    opened = sorted_out[_Sight.FRESH] + sorted_out[_Sight.OPENED]
    _save(sorted_out, now)
    _place(target.key, opened, picture)
    _begin(opened, picture, now)
    written = Written(opened, _close_others(rows, picture, now), _fights(target, opened, now))
    _tell(written)
    return written


def facts_as_json(entry: Entry | None) -> list[list[str]] | None:
    """The facts of an entry as they are kept, in one order; None for no entry."""
    # PostgreSQL keeps no NUL, and strangers name what stands beside ours.
    return None if entry is None else sorted([n, v.replace("\x00", "?")] for n, v in entry.attributes)


def digest_of_facts(wanted: Any, seen: Any) -> str:
    """What a decision covers: this wanted beside this seen, without what is only about the look."""
    pairs = [sorted(map(tuple, facts)) if facts is not None else None for facts in (wanted, seen)]
    said = [facts and [pair for pair in facts if not pair[0].startswith("seen_")] for facts in pairs]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def record_drift(kind: str, row: Drift, **detail: Any) -> None:
    """Collect one event of a difference, with the project where it is one's alone. `row` has `projects` at hand."""
    projects = list(row.projects.all())
    one = projects[0] if len(projects) == 1 else None
    where = {"project": one.key, "team": one.team.key} if one else {}
    said = {"target": row.target, "what": row.what, "line": row.kind, "key": row.key, **detail}
    record(kind, subject=row.label, detail=said, **where)


def _key(difference: Difference) -> Key:
    return (*difference.spot, difference.what)


def _rows(target: str, differences: Iterable[Difference]) -> dict[Key, Drift]:
    spots = [difference.spot for difference in differences]
    met = Q(kind__in={kind for kind, _ in spots}, key__in={key for _, key in spots})
    rows = Drift.objects.filter(Q(state__in=LASTING) | met, target=target)
    locked = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    return {(row.kind, row.key, row.what): row for row in locked}


def _sorted_out(
    target: str, rows: dict[Key, Drift], differences: Iterable[Difference], now: datetime
) -> dict[_Sight, list[Drift]]:
    found: dict[_Sight, list[Drift]] = defaultdict(list)
    for difference in differences:
        row = rows.get(_key(difference))
        if row is None:
            found[_Sight.FRESH].append(_new(target, difference, now))
        else:
            found[_update(row, difference, now)].append(row)
    return found


def _new(target: str, difference: Difference, now: datetime) -> Drift:
    kind, key = difference.spot
    row = Drift(target=target, kind=kind, key=key, what=difference.what, first_seen_at=now, last_seen_at=now)
    row.wanted, row.seen = facts_as_json(difference.wanted), facts_as_json(difference.seen)
    return row


def _update(row: Drift, difference: Difference, now: datetime) -> _Sight:
    """Bring a row up to date, and say what that was."""
    wanted, seen = facts_as_json(difference.wanted), facts_as_json(difference.seen)
    same = (row.wanted, row.seen) == (wanted, seen)
    row.wanted, row.seen, row.last_seen_at = wanted, seen, now
    if row.state in ANEW:
        row.came_back += 1
        row.state, row.closed_at = DriftState.OPEN, None
        return _Sight.OPENED
    if row.state != DriftState.OPEN and not _covered(row, now):
        row.state, row.ignore_until, row.accepted = DriftState.OPEN, None, ""
        return _Sight.OPENED
    return _Sight.SAME if same else _Sight.CHANGED


def _covered(row: Drift, now: datetime) -> bool:
    """Whether a decision still stands: nothing else is there now, and an ignored one's time is not over."""
    if row.ignore_until is not None and row.ignore_until <= now:
        return False
    return row.accepted == digest_of_facts(row.wanted, row.seen)


def _save(found: dict[_Sight, list[Drift]], now: datetime) -> None:
    Drift.objects.bulk_create(found[_Sight.FRESH], batch_size=BATCH)
    Drift.objects.bulk_update(found[_Sight.OPENED] + found[_Sight.CHANGED], _SEEN, batch_size=BATCH)
    Drift.objects.filter(pk__in=[row.pk for row in found[_Sight.SAME]]).update(last_seen_at=now)


def _place(target: str, rows: list[Drift], picture: Picture) -> None:
    """Note whose access stands at the places, and have the projects at hand for the events."""
    at = projects_at(target, {(row.kind, row.key) for row in rows}, picture.lines)
    through = Drift.projects.through
    through.objects.filter(drift_id__in=[row.pk for row in rows]).delete()
    through.objects.bulk_create(
        through(drift_id=row.pk, project_id=pk) for row in rows for pk in sorted(at[row.kind, row.key])
    )
    prefetch_related_objects(rows, "projects__team")


def _begin(rows: list[Drift], picture: Picture, now: datetime) -> None:
    """A new episode for each that was not open; what an old one was still open for is over."""
    standing = set(_open_episodes(row.pk for row in rows if row.repaired_at is None))
    begun = [row for row in rows if row.pk not in standing]
    Episode.objects.filter(drift__in=[row.pk for row in begun], ended_at=None).update(ended_at=now)
    Episode.objects.bulk_create(
        Episode(
            drift=row,
            began_at=now,
            again=row.repaired_at is not None,
            seen=row.seen,
            manager=_manager(picture, row),
        )
        for row in begun
    )
    again = [row.pk for row in begun if row.repaired_at is not None]
    Drift.objects.filter(pk__in=again).update(repaired_at=None)


def _open_episodes(drifts: Iterable[int]) -> Iterable[int]:
    return Episode.objects.filter(drift__in=list(drifts), ended_at=None).values_list("drift_id", flat=True)


def _manager(picture: Picture, row: Drift) -> str:
    seen = picture.look.ours.get((row.kind, row.key)) or picture.look.foreign.get((row.kind, row.key))
    return seen.first("seen_manager")[:200] if seen else ""


def _close_others(rows: dict[Key, Drift], picture: Picture, now: datetime) -> list[Drift]:
    met = {_key(difference) for difference in picture.found.differences}
    unsure = picture.found.moving | picture.found.stale
    over = [row for key, row in rows.items() if key not in met and _over(row, unsure)]
    pks = [row.pk for row in over]
    Episode.objects.filter(drift__in=pks, ended_at=None).update(ended_at=now)
    gone: dict[str, Any] = dict.fromkeys(("fought_at", "held_at", "released_at", "ignore_until"))
    Drift.objects.filter(pk__in=pks).update(
        state=DriftState.CLOSED, closed_at=now, cause="", cause_name="", accepted="", **gone
    )
    prefetch_related_objects(over, "projects__team")
    return over


def _over(row: Drift, unsure: set[Spot]) -> bool:
    if row.state == DriftState.CLOSED:
        return False
    return row.what == What.APPEARED or (row.kind, row.key) not in unsure


def _fights(target: Target, opened: Iterable[Drift], now: datetime) -> list[Drift]:
    """Those opened that somebody undoes again and again; repairing stops for them."""
    ours = [row for row in opened if row.what in (What.VANISHED, What.CHANGED)]
    history = _history(target.key, now) if ours else {}
    fought = []
    for row in ours:
        turns = history.get((row.kind, row.key), [])
        since = row.decided_at if row.decision == "revert" else None
        if fought_over([at for at, _ in turns if since is None or at > since], now=now):
            cause = likely_cause(target.kind, [turn for _, turn in turns])
            row.fought_at, row.cause, row.cause_name = now, cause.code, cause.name
            fought.append(row)
    Drift.objects.bulk_update(fought, ["fought_at", "cause", "cause_name"], batch_size=BATCH)
    return fought


def _history(target: str, now: datetime) -> dict[Spot, list[tuple[datetime, Turn]]]:
    found: dict[Spot, list[tuple[datetime, Turn]]] = defaultdict(list)
    lately = Episode.objects.filter(again=True, began_at__gt=now - FIGHT_WITHIN, drift__target=target)
    columns = ("drift__kind", "drift__key", "drift__what", "began_at", "manager")
    for kind, key, what, at, manager in lately.order_by("began_at").values_list(*columns):
        if what != What.LEFTOVER:
            found[kind, key].append((at, Turn(kind, what, manager)))
    return found


def _tell(written: Written) -> None:
    for row in written.opened:
        record_drift("grants.drift.found", row, times=row.came_back + 1)
    for row in written.fought:
        record_drift("grants.drift.fought-over", row, cause=row.cause, other=row.cause_name)
    for row in written.closed:
        record_drift("grants.drift.closed", row)
