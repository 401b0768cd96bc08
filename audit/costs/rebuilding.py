"""Deriving everything again from the rows: prices, activity, reservations, sums. Month by month, each on its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.utils import timezone

from audit.costs.announcing import announce
from audit.costs.cards import rate_card
from audit.costs.enrich import enrich, hours_with_windows
from audit.costs.known_days import Days, known_days
from audit.costs.locks import REDERIVING, alone, change_rules, hold_months, share_rules
from audit.costs.models import CostSettings, Slice
from audit.costs.rebuild import rebuild
from audit.costs.records import Facts
from audit.costs.repricing import lay_out, reprice
from audit.costs.reserving import assign_reservations
from audit.costs.restating import Why, restating
from audit.costs.settings import cost_settings
from audit.costs.splitting import hours_of
from audit.costs.stretches import by_month
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One month that was derived again, and how many figures of teams' closed days became others."""

    days: Days
    restated: int


def rebuild_costs(*, first: date | None, last: date | None, by: Actor, now: datetime) -> Iterator[Rebuilt]:
    """Derive the days from `first` to `last` (None: as far as anything is known) again, a month at a time.

    Each month is a transaction: what is done stays done, and running it again changes nothing. Records
    `audit.costs.rebuilt` for each month.
    """
    known = known_days()
    days = known and known.within(first, last)
    for _month, members in groupby(days.each() if days else (), key=lambda day: (day.year, day.month)):
        listed = list(members)
        yield _rebuild(Days(listed[0], listed[-1]), by=by, now=now)


def rederive(*, by: Actor, now: datetime) -> bool:
    """Look at all rows with windows again when the threshold is no longer the one they were looked at with.

    Returns whether it did: it does nothing beside another worker that is at it. Records what `rebuild_costs` does
    and `audit.costs.rederived`.
    """
    wanted = cost_settings().active_threshold
    if wanted == cost_settings().derived_threshold:
        return False
    with alone(REDERIVING) as free:
        if free:
            _rederive(wanted, by=by, now=now)
    return free


def _rederive(wanted: Decimal, *, by: Actor, now: datetime) -> None:
    ends = Slice.objects.filter(facts=Facts.ACTIVITY, rows__gt=0)
    first = ends.order_by("start").values_list("start", flat=True).first()
    if first is not None:
        # A day before: a record of another zone's day may hold the first window.
        for _done in rebuild_costs(first=first.date() - timedelta(days=1), last=None, by=by, now=now):
            continue
    with audited(by=by):
        change_rules()
        CostSettings.objects.filter(active_threshold=wanted).update(derived_threshold=wanted)
        record("audit.costs.rederived", subject="costs-settings:1", detail={"threshold": str(wanted)})


def _rebuild(days: Days, *, by: Actor, now: datetime) -> Rebuilt:
    zone = timezone.get_default_timezone()
    listed = days.each()
    hours = sorted({cell.hour for day in listed for cell in hours_of(day, zone)})
    stretches = by_month(hours, zone)
    with audited(by=by):
        share_rules()
        hold_months([day for one in stretches for day in one.days])
        with restating(listed, Why("rebuild"), now) as changed:
            lay_out(rate_card(), days)
            reprice(days)
            enrich(by_month(hours_with_windows(hours), zone))
            assign_reservations(stretches)
            rebuild(stretches, zone)
        record(
            "audit.costs.rebuilt",
            subject=f"days:{days.first}",
            detail={"first": str(days.first), "last": str(days.last), "restated": len(changed)},
        )
        announce(listed)
    return Rebuilt(days, len(changed))
