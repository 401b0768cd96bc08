"""The choices that figures are printed with."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostError
from audit.costs.locks import change_rules
from audit.costs.models import CostSettings
from audit.costs.once import read_once
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

SHARED_METHODS = ("none", "direct", "quota", "equal")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_CLOSED = 366
FIELDS = ("currency", "shared_method", "active_threshold", "closed_after_days", "member_names")


@read_once
def cost_settings() -> CostSettings:
    """The choices as they are; the defaults while nobody has chosen. Writes nothing."""
    return CostSettings.objects.first() or CostSettings(pk=1)


def change_settings(*, by: Actor, **changes: Any) -> CostSettings:
    """Change some of `FIELDS`; what is not named stays. Nothing is written or recorded when all is as before.

    Another `active_threshold` holds for rows that come from now on; all others are looked at again in the
    background (`derived_threshold` says which one they have). Records `audit.costs-settings.changed`. Raises
    CostError `bad_settings`.
    """
    _check(changes)
    with audited(by=by):
        change_rules()
        row = CostSettings.objects.select_for_update().first() or CostSettings(pk=1)
        new = {name: value for name, value in changes.items() if getattr(row, name) != value}
        if not new:
            return row
        old = {name: getattr(row, name) for name in new}
        for name, value in new.items():
            setattr(row, name, value)
        row.save()
        record(
            "audit.costs-settings.changed",
            subject="costs-settings:1",
            detail={"from": _plain(old), "to": _plain(new)},
        )
    return row


def _check(changes: Mapping[str, Any]) -> None:
    unknown = [name for name in changes if name not in FIELDS]
    faults = [str(_("There is no such setting: %(name)s.") % {"name": name}) for name in unknown]
    if not _CURRENCY.fullmatch(changes.get("currency", "USD")):
        faults.append(str(_("A currency is three capital letters, such as USD.")))
    if changes.get("shared_method", "none") not in SHARED_METHODS:
        faults.append(str(_("There is no such way to share costs.")))
    threshold = changes.get("active_threshold", Decimal("0.05"))
    if not (isinstance(threshold, Decimal) and Decimal("0.001") <= threshold <= 1):
        faults.append(str(_("The threshold is a share from 0.001 to 1.")))
    if not 0 <= changes.get("closed_after_days", 0) <= _MOST_CLOSED:
        faults.append(str(_("A day is closed after 0 to 366 days.")))
    if faults:
        raise CostError("bad_settings", _("These settings cannot be kept."), {"faults": faults})


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
