"""The rate card: published by revisions, never rewritten; what it changes of the past is restated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.announcing import announce
from audit.costs.cards import rate_card, rate_rows
from audit.costs.changes import RatesPreview, TeamChange
from audit.costs.errors import CostConflict, CostError
from audit.costs.known_days import Days, known_days
from audit.costs.locks import change_rules, hold_months
from audit.costs.models import GpuType, Rate, RateRevision, Reservation
from audit.costs.partitions import FIRST, LAST
from audit.costs.pricing import MICRO, RateCard, RateRow
from audit.costs.rebuild import rebuild, rebuild_days
from audit.costs.records import PricingClass
from audit.costs.repricing import Effect, effects, lay_out, mispriced_capacity_days, mispriced_hours, reprice
from audit.costs.restating import Why, closed_among, restating
from audit.costs.stretches import by_month
from audit.costs.types import ZERO
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

MOST = Decimal(10_000)
"""A GPU hour costs at most so much: beyond it somebody has mistaken the unit."""


@dataclass(frozen=True, slots=True)
class RateChange:
    """One new price of a GPU hour from a day on; empty cluster or class: every one; `price` None ends it."""

    gpu_type: str
    from_day: date
    price: Decimal | None
    cluster: str = ""
    pricing_class: str = ""


def rate_version() -> int:
    """The number of the latest revision; 0 when none was published."""
    return RateRevision.objects.aggregate(latest=Max("number"))["latest"] or 0


def publish_rates(
    *, changes: Sequence[RateChange], reason: str, expected_version: int, by: Actor, now: datetime
) -> RateRevision:
    """Publish a revision of the rate card; the rows it touches get their new price in the same transaction.

    Closed days that change are restated with the revision's number. Records `audit.rates.published`. Raises
    CostError `bad_rates` (detail `faults`), CostConflict `stale_rates` when another revision came in between.
    """
    _refuse_faults(changes, reason)
    with audited(by=by):
        change_rules()
        version = rate_version()
        if version != expected_version:
            raise CostConflict("stale_rates", gettext_lazy("The rates have changed meanwhile; look again."),
                               {"version": version})  # fmt: skip
        revision = RateRevision.objects.create(
            number=version + 1, published_at=now, by=by.label, by_name=by.name[:200], reason=reason.strip()
        )
        Rate.objects.bulk_create(_row(revision, one) for one in changes)
        days = _apply(rate_card(), changes, revision.number, now)
        record(
            "audit.rates.published",
            subject=f"rates:{revision.number}",
            detail={"reason": revision.reason, "rates": [_said(one) for one in changes], "days": len(days)},
        )
    return revision


def preview_rates(*, changes: Sequence[RateChange], now: datetime) -> RatesPreview:
    """What publishing these rates would change, exactly, from the rows. Raises CostError `bad_rates`."""
    _refuse_faults(changes, "preview")
    span = _span(changes)
    seen, provisioned = _effects(changes, span) if span else ([], [])
    days = sorted({one.day for one in seen} | set(provisioned))
    closed = tuple(closed_among(days, now))
    return RatesPreview(
        expected_version=rate_version(),
        days=tuple(days),
        closed=closed,
        teams=tuple(_team_changes(seen, timezone.localtime(now).date().replace(day=1))),
        priced_ms=sum(one.priced_ms for one in seen),
        unpriced_ms=sum(one.unpriced_ms for one in seen),
        before=_sum(one.before for one in seen),
        after=_sum(one.after for one in seen),
        closed_before=_sum(one.before for one in seen if one.day in closed),
        closed_after=_sum(one.after for one in seen if one.day in closed),
    )


def _team_changes(seen: Sequence[Effect], month: date) -> Iterable[TeamChange]:
    """Each team's change, and the part of it since the first day of the month."""
    for team in sorted({one.team for one in seen}):
        own = [one for one in seen if one.team == team]
        late = [one for one in own if one.day >= month]
        yield TeamChange(
            team,
            before=_sum(one.before for one in own),
            after=_sum(one.after for one in own),
            month_before=_sum(one.before for one in late),
            month_after=_sum(one.after for one in late),
        )


def _effects(changes: Sequence[RateChange], span: Days) -> tuple[list[Effect], list[date]]:
    with transaction.atomic():
        lay_out(_card_with(changes), span, gpu_types=[one.gpu_type for one in changes])
        return effects(span), mispriced_capacity_days(span)


def _apply(card: RateCard, changes: Sequence[RateChange], number: int, now: datetime) -> list[date]:
    """Reprice what the changes touch and add it up again; returns the days whose sums were made anew."""
    span = _span(changes)
    if span is None:
        return []
    zone = timezone.get_default_timezone()
    hold_months(span.each())
    lay_out(card, span, gpu_types=[one.gpu_type for one in changes])
    stretches = by_month(mispriced_hours(span), zone)
    used = {day for one in stretches for day in one.days}
    days = sorted(used | set(mispriced_capacity_days(span)) | _reserved_days(changes, span))
    with restating(days, Why("rates", revision=number), now):
        reprice(span)
        rebuild(stretches, zone)
        rebuild_days(sorted(set(days) - used), zone)
    announce(days)
    return days


def _span(changes: Sequence[RateChange]) -> Days | None:
    """The days with figures that the changes can touch."""
    known = known_days()
    return known and known.within(min(one.from_day for one in changes), None)


def _reserved_days(changes: Sequence[RateChange], span: Days) -> set[date]:
    """Days on which a reservation's unused part may have another price."""
    types = [one.gpu_type for one in changes if one.pricing_class in ("", PricingClass.RESERVED)]
    found: set[date] = set()
    for one in Reservation.objects.filter(gpu_type__in=types):
        found |= {day for day in span.each() if one.starts <= day and (one.ends is None or day < one.ends)}
    return found


def _card_with(changes: Sequence[RateChange]) -> RateCard:
    number = rate_version() + 1
    more = (
        RateRow(one.gpu_type, one.from_day, one.price, one.cluster, one.pricing_class, number)
        for one in changes
    )
    return RateCard([*rate_rows(), *more])


def _refuse_faults(changes: Sequence[RateChange], reason: str) -> None:
    faults = [] if reason.strip() else [_("Say why the rates change.")]
    if not changes:
        faults.append(_("There is no change."))
    known = set(GpuType.objects.values_list("key", flat=True))
    for line, one in enumerate(changes, start=1):
        faults += [
            _("Line %(line)d: %(fault)s") % {"line": line, "fault": fault} for fault in _wrong(one, known)
        ]
    if len({_place(one) for one in changes}) < len(changes):
        faults.append(_("Two prices for the same thing and day."))
    if faults:
        raise CostError("bad_rates", gettext_lazy("These rates cannot be published."), {"faults": faults})


def _wrong(one: RateChange, known: set[str]) -> Iterable[str]:
    if one.gpu_type not in known:
        yield _("There is no such GPU type.")
    if one.pricing_class and one.pricing_class not in set(PricingClass):
        yield _("There is no such pricing class.")
    if not FIRST <= one.from_day <= LAST:
        yield _("The day is too far away.")
    if one.price is not None and not (one.price.is_finite() and 0 <= one.price <= MOST):
        yield _("A price is between 0 and %(most)s.") % {"most": MOST}
    elif one.price is not None and one.price != one.price.quantize(MICRO):
        yield _("A price has at most six places after the point.")


def _place(one: RateChange) -> tuple[str, str, str, date]:
    return one.gpu_type, one.cluster, one.pricing_class, one.from_day


def _row(revision: RateRevision, one: RateChange) -> Rate:
    return Rate(revision=revision, gpu_type=one.gpu_type, cluster=one.cluster, pricing_class=one.pricing_class,
                from_day=one.from_day, price=one.price)  # fmt: skip


def _said(one: RateChange) -> dict[str, str | None]:
    price = None if one.price is None else str(one.price)
    return {"gpu_type": one.gpu_type, "cluster": one.cluster, "pricing_class": one.pricing_class,
            "from_day": str(one.from_day), "price": price}  # fmt: skip


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
