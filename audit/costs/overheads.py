"""Costs of a month that belong to nobody alone."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.announcing import announce
from audit.costs.errors import CostError, CostNotFound
from audit.costs.models import Overhead
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

LONGEST_NAME = 120
CENT = Decimal("0.01")
MOST = Decimal("999999999999.99")


def set_overhead(*, month: date, name: str, amount: Decimal, by: Actor) -> Overhead:
    """Say what something cost in a month; `month` is its first day, and the amount has two places.

    Records `audit.overhead.set` unless it is as before. Raises CostError `bad_overhead`.
    """
    _refuse_faults(month, name.strip(), amount)
    with audited(by=by):
        rows = Overhead.objects.select_for_update(no_key=True)
        row = rows.filter(month=month, name=name.strip()).first() or Overhead(month=month, name=name.strip())
        before = row.amount if row.pk else None
        if before == amount:
            return row
        row.amount = amount
        row.save()
        record("audit.overhead.set", subject=f"overhead:{row.pk}", detail=_said(row, before))
        announce([month])
    return row


def remove_overhead(*, month: date, name: str, by: Actor) -> None:
    """Take an overhead away. Records `audit.overhead.removed`. Raises CostNotFound."""
    with audited(by=by):
        row = Overhead.objects.select_for_update().filter(month=month, name=name).first()
        if row is None:
            raise CostNotFound("no_such_overhead", gettext_lazy("There is no such overhead."))
        record("audit.overhead.removed", subject=f"overhead:{row.pk}", detail=_said(row, row.amount))
        row.delete()
        announce([month])


def _refuse_faults(month: date, name: str, amount: Decimal) -> None:
    faults = []
    if month.day != 1:
        faults.append(_("A month is named by its first day."))
    if not name or len(name) > LONGEST_NAME:
        faults.append(_("An overhead needs a short name."))
    if not amount.is_finite() or not 0 <= amount <= MOST or amount != amount.quantize(CENT):
        faults.append(_("The amount is not negative and has at most two places."))
    if faults:
        raise CostError("bad_overhead", gettext_lazy("This overhead cannot be kept."), {"faults": faults})


def _said(row: Overhead, before: Decimal | None) -> dict[str, str | None]:
    old = None if before is None else str(before)
    return {"month": str(row.month), "name": row.name, "amount": str(row.amount), "before": old}
