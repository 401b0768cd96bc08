"""What teams have reserved and pay for, used or not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.announcing import announce
from audit.costs.errors import CostError, CostNotFound
from audit.costs.known_days import known_days
from audit.costs.locks import change_rules, hold_months
from audit.costs.models import GpuType, Reservation
from audit.costs.rebuild import rebuild, rebuild_days
from audit.costs.reserving import assign_reservations
from audit.costs.restating import Why, restating
from audit.costs.splitting import hours_of
from audit.costs.stretches import by_month
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

MOST_GPUS = 100_000


@dataclass(frozen=True, slots=True)
class ReservationTerms:
    """What is reserved: whole GPUs of one type in one cluster; `ends` is the first day after it, None: open."""

    name: str
    team: str
    cluster: str
    gpu_type: str
    gpus: int
    starts: date
    ends: date | None = None


def set_reservation(*, terms: ReservationTerms, by: Actor, now: datetime) -> Reservation:
    """Make a reservation or change the one of that name; what its days cost is added up again at once.

    Closed days that change are restated. Records `audit.reservation.set`. Raises CostError `bad_reservation`.
    """
    _refuse_faults(terms)
    with audited(by=by):
        change_rules()
        row = Reservation.objects.filter(name=terms.name).first() or Reservation(name=terms.name)
        old = _terms(row) if row.pk else None
        if old == terms:
            return row
        for name in ReservationTerms.__slots__:
            setattr(row, name, getattr(terms, name))
        _apply([terms, *([old] if old else [])], row.save, now)
        record("audit.reservation.set", subject=f"reservation:{row.pk}", team=terms.team, detail=_said(terms))
    return row


def remove_reservation(*, name: str, by: Actor, now: datetime) -> None:
    """Take a reservation away as if it had never been; to end one, give it a last day instead.

    Records `audit.reservation.removed`. Raises CostNotFound.
    """
    with audited(by=by):
        change_rules()
        row = Reservation.objects.filter(name=name).first()
        if row is None:
            raise CostNotFound("no_such_reservation", gettext_lazy("There is no such reservation."))
        pk, terms = row.pk, _terms(row)
        _apply([terms], row.delete, now)
        record("audit.reservation.removed", subject=f"reservation:{pk}", team=terms.team, detail=_said(terms))


def _apply(terms: list[ReservationTerms], write: Callable[[], object], now: datetime) -> None:
    """Write the row and add up again what its days, before and after, are made of."""
    zone = timezone.get_default_timezone()
    days = sorted({day for one in terms for day in _days(one)})
    hold_months(days)
    with restating(days, Why("reservation"), now):
        write()
        moved = assign_reservations(
            by_month((cell.hour for day in days for cell in hours_of(day, zone)), zone)
        )
        stretches = by_month(moved, zone)
        rebuild(stretches, zone)
        rebuild_days(sorted(set(days) - {day for one in stretches for day in one.days}), zone)
    announce(days)


def _days(terms: ReservationTerms) -> list[date]:
    known = known_days()
    if known is None:
        return []
    first = max(known.first, terms.starts)
    last = known.last if terms.ends is None else min(known.last, terms.ends - timedelta(days=1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _refuse_faults(terms: ReservationTerms) -> None:
    faults = [
        str(_("%(field)s is missing.") % {"field": name})
        for name in ("name", "team", "cluster")
        if not getattr(terms, name).strip()
    ]
    if not GpuType.objects.filter(key=terms.gpu_type).exists():
        faults.append(_("There is no such GPU type."))
    if not 0 < terms.gpus <= MOST_GPUS:
        faults.append(_("A reservation has at least one GPU."))
    if terms.ends is not None and terms.ends <= terms.starts:
        faults.append(_("The end is not after the start."))
    if faults:
        raise CostError(
            "bad_reservation", gettext_lazy("This reservation cannot be kept."), {"faults": faults}
        )


def _terms(row: Reservation) -> ReservationTerms:
    return ReservationTerms(*(getattr(row, name) for name in ReservationTerms.__slots__))


def _said(terms: ReservationTerms) -> dict[str, str | int | None]:
    return {
        "name": terms.name,
        "cluster": terms.cluster,
        "gpu_type": terms.gpu_type,
        "gpus": terms.gpus,
        "starts": str(terms.starts),
        "ends": None if terms.ends is None else str(terms.ends),
    }
