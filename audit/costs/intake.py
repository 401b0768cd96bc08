"""Bringing usage in: what a source said about a time replaces what it said of that time before, whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from django.db import transaction
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.costs.announcing import announce
from audit.costs.attribution import Attributor
from audit.costs.cards import rate_card, use_card
from audit.costs.changes import DayChange, LoadPreview, day_sums
from audit.costs.claims import claim
from audit.costs.enrich import enrich, hours_with_windows
from audit.costs.errors import CostError
from audit.costs.gpu_types import ensure_types, known_types
from audit.costs.locks import hold_months, share_rules
from audit.costs.models import Load, Slice, Source
from audit.costs.partitions import ensure_months
from audit.costs.preparing import Draft, Preparation
from audit.costs.providers import book
from audit.costs.rebuild import rebuild
from audit.costs.records import Facts, Reading
from audit.costs.reserving import assign_reservations
from audit.costs.restating import Why, restating
from audit.costs.splitting import days_of
from audit.costs.storing import drop_rows, keep_slices, number_dimensions, write_rows
from audit.costs.stretches import by_month
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record


def take(
    *, source: Source, readings: Sequence[Reading], file_name: str, by: Actor, now: datetime, digest: str = ""
) -> Load:
    """Store what a source said; `changed_slices` of the answer is 0 when it had said exactly that before.

    All or nothing. A reading replaces the hours (invoices: days) it is about, also where it has no records any
    more; sums of these hours and days are added up again in the same transaction, and closed days that change
    are restated. `digest` is the SHA-256 of the file, else that of what was read is kept.
    Records `audit.usage.loaded` unless a pull (`file_name` empty) brought nothing new: then the Load that is
    returned is not stored. Raises CostError `bad_readings` (detail `faults`: one text for each), CostConflict
    `claimed` when another source speaks for a cluster.
    """
    prepared = _prepare(readings)
    _refuse_faults(prepared)
    _ready_months(prepared)
    with audited(by=by):
        load, changed = _store(source, prepared, file_name=file_name, by=by, now=now, digest=digest)
        if load.pk:
            _record(load, source, changed)
    return load


def preview_reading(*, source: Source, readings: Sequence[Reading], now: datetime) -> LoadPreview:
    """What `take` would change, day by day, or all faults; the same code, and nothing of it stays."""
    prepared = _prepare(readings)
    if prepared.faults.count:
        return LoadPreview(days=(), faults=tuple(prepared.faults.texts()))
    _ready_months(prepared)
    days = _days(prepared)
    with transaction.atomic():
        before = day_sums(days)
        nobody = Actor(kind="system", id="preview", name="preview")
        _store(source, prepared, file_name="preview", by=nobody, now=now, digest="")
        after = day_sums(days)
        transaction.set_rollback(True)
    changes = (DayChange.of(day, before, after) for day in days)
    return LoadPreview(days=tuple(one for one in changes if one.differs))


@dataclass(frozen=True, slots=True)
class _Changed:
    """The slices that are not as they were, and the days they touch."""

    drafts: list[Draft]
    days: list[date]

    def of(self, facts: Facts) -> list[Draft]:
        return [one for one in self.drafts if one.facts is facts]

    @property
    def hours(self) -> list[datetime]:
        return sorted({one.start for one in self.drafts if one.facts is not Facts.BILL})


def _prepare(readings: Sequence[Reading]) -> Preparation:
    zone = timezone.get_default_timezone()
    prepared = Preparation(attributor=Attributor(book()), types=known_types(), zone=zone)
    prepared.add(readings)
    return prepared


def _refuse_faults(prepared: Preparation) -> None:
    if prepared.faults.count:
        detail = {"faults": prepared.faults.texts(), "count": prepared.faults.count}
        raise CostError("bad_readings", _("This cannot be stored; nothing was."), detail)


def _days(prepared: Preparation) -> list[date]:
    hours = {one.start for one in prepared.drafts.values() if one.facts is not Facts.BILL}
    days = set(days_of(hours, timezone.get_default_timezone()))
    return sorted(days | {one.start.date() for one in prepared.drafts.values()})


def _ready_months(prepared: Preparation) -> None:
    days = _days(prepared)
    if days:
        ensure_months(days[0], days[-1])


def _store(
    source: Source, prepared: Preparation, *, file_name: str, by: Actor, now: datetime, digest: str
) -> tuple[Load, _Changed]:
    days = _days(prepared)
    share_rules()
    hold_months(days)
    claim(source, prepared.claims)
    known = _known(source, prepared)
    changed = _changed(prepared, known)
    load = _load(source, prepared, changed, file_name=file_name, by=by, now=now, digest=digest)
    if not changed.drafts and not file_name:
        return load, changed
    load.save()
    if changed.drafts:
        with restating(changed.days, Why(_cause(changed), source.key), now):
            _replace(source, load, prepared, changed, known)
            _add_up(changed)
        announce(changed.days)
    _move_on(source, prepared)
    return load, changed


def _known(source: Source, prepared: Preparation) -> dict[tuple[str, datetime], Slice]:
    starts = sorted(start for _facts, start in prepared.drafts)
    if not starts:
        return {}
    found = Slice.objects.filter(source=source, start__gte=starts[0], start__lte=starts[-1])
    return {(one.facts, one.start): one for one in found}


def _changed(prepared: Preparation, known: dict[tuple[str, datetime], Slice]) -> _Changed:
    drafts = []
    for (facts, start), draft in sorted(prepared.drafts.items()):
        old = known.get((facts.value, start))
        if old is None or (old.digest, old.complete) != (draft.digest, draft.complete):
            drafts.append(draft)
    hours = {one.start for one in drafts if one.facts is not Facts.BILL}
    return _Changed(drafts, days_of(hours, timezone.get_default_timezone()))


def _load(
    source: Source,
    prepared: Preparation,
    changed: _Changed,
    *,
    file_name: str,
    by: Actor,
    now: datetime,
    digest: str,
) -> Load:
    drafts = [draft for _key, draft in sorted(prepared.drafts.items())]
    whole = sha256("".join(f"{one.facts} {one.start.isoformat()} {one.digest}\n" for one in drafts).encode())
    return Load(
        source=source,
        at=now,
        by=by.label,
        by_name=by.name,
        file_name=file_name[:200],
        digest=digest or whole.hexdigest(),
        start=min((one.start for one in drafts), default=now),
        end=max((one.end for one in drafts), default=now),
        rows=sum(len(one.lines) for one in drafts),
        changed_slices=len(changed.drafts),
    )


def _replace(
    source: Source,
    load: Load,
    prepared: Preparation,
    changed: _Changed,
    known: dict[tuple[str, datetime], Slice],
) -> None:
    ensure_types(prepared.dimensions.type_names)
    number_dimensions(prepared.dimensions)
    triples = prepared.dimensions.priced | prepared.provisioned
    first, last = _span(changed)
    use_card(rate_card(), triples, first=first, last=last)
    for facts in Facts:
        drafts = changed.of(facts)
        old = [known[facts.value, one.start].pk for one in drafts if (facts.value, one.start) in known]
        drop_rows(facts, old, first=first, last=last)
    keep_slices(source, load, changed.drafts)
    for facts in Facts:
        drafts = [one for one in changed.of(facts) if one.lines]
        if drafts:
            write_rows(facts, load, drafts)


def _span(changed: _Changed) -> tuple[date, date]:
    days = [*changed.days, *(one.start.date() for one in changed.drafts)]
    return min(days), max(days)


def _add_up(changed: _Changed) -> None:
    zone = timezone.get_default_timezone()
    looked_at = {one.start for one in changed.of(Facts.ACTIVITY)} | hours_with_windows(changed.hours)
    stretches = by_month(changed.hours, zone)
    enrich(by_month(looked_at, zone))
    assign_reservations(stretches)
    rebuild(stretches, zone)


def _cause(changed: _Changed) -> str:
    return "late" if changed.of(Facts.USAGE) or changed.of(Facts.CAPACITY) else "activity"


def _move_on(source: Source, prepared: Preparation) -> None:
    ends = [draft.end for draft in prepared.drafts.values() if draft.complete]
    if ends:
        rows = Source.objects.filter(pk=source.pk)
        rows.filter(complete_through=None).update(complete_through=max(ends))
        rows.update(complete_through=Greatest("complete_through", max(ends)))


def _record(load: Load, source: Source, changed: _Changed) -> None:
    days = changed.days
    record(
        "audit.usage.loaded",
        subject=f"source:{source.key}",
        detail={
            "load": load.pk,
            "file": load.file_name,
            "sha256": load.digest,
            "rows": load.rows,
            "changed_slices": load.changed_slices,
            "start": load.start.isoformat(),
            "end": load.end.isoformat(),
            "days": [str(days[0]), str(days[-1])] if days else [],
        },
    )
