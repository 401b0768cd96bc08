"""Unusual days that were found, and that somebody has looked at them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostError, CostNotFound
from audit.costs.models import Anomaly
from audit.costs.planning import AnomalyView, Cause
from audit.costs.types import By, CostScope, Period
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record


def anomalies_in(
    scope: CostScope, period: Period, *, teams: Sequence[str] = (), most: int = 100
) -> list[AnomalyView]:
    """The unusual days of teams seen, newest first; those of the whole organisation ("") for everything only."""
    rows = _visible(scope).filter(day__gte=period.first, day__lt=period.after)
    if teams:
        rows = rows.filter(team__in=list(teams))
    return [_view(one, scope) for one in rows.order_by("-day", "-score", "team")[:most]]


def anomaly_of(scope: CostScope, pk: int) -> AnomalyView:
    """One unusual day. Raises CostNotFound when there is none in the scope."""
    row = _visible(scope).filter(pk=pk).first()
    if row is None:
        raise CostNotFound("no_anomaly", _("There is no such unusual day."))
    return _view(row, scope)


def note_anomaly(*, pk: int, note: str, by: Actor, now: datetime) -> Anomaly:
    """Say that an unusual day is understood, and why; a later note replaces an earlier one.

    Records audit.anomaly.noted. Raises CostNotFound, CostError (empty_note).
    """
    if not note.strip():
        raise CostError("empty_note", _("Say what the reason was."))
    with audited(by=by):
        row = Anomaly.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
        if row is None:
            raise CostNotFound("no_anomaly", _("There is no such unusual day."))
        row.note, row.noted_by = note.strip()[:500], by.name[:200]
        row.save(update_fields=["note", "noted_by"])
        detail = {"day": row.day.isoformat(), "note": row.note}
        record("audit.anomaly.noted", subject=f"anomaly:{row.pk}", team=row.team, detail=detail)
    return row


def _visible(scope: CostScope) -> QuerySet[Anomaly]:
    return Anomaly.objects.all() if scope.everything else Anomaly.objects.filter(team__in=scope.teams - {""})


def _view(row: Anomaly, scope: CostScope) -> AnomalyView:
    told = [_cause(one) for one in row.causes if _may_be_told(one, scope)]
    return AnomalyView(
        pk=row.pk,
        day=row.day,
        team=row.team,
        high=row.high,
        amount=row.amount,
        usual=row.usual,
        score=row.score,
        causes=tuple(told),
        found_at=row.found_at,
        noted_by=row.noted_by,
        note=row.note,
    )


def _may_be_told(cause: dict[str, Any], scope: CostScope) -> bool:
    named = scope.everything or scope.names or cause["value"] in ("", scope.person)
    return named or cause["by"] != By.PERSON


def _cause(one: dict[str, Any]) -> Cause:
    return Cause(By(one["by"]), one["value"], Decimal(one["amount"]))
