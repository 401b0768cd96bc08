"""Forecasts of budgets that are kept, and thresholds that are told once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from audit.costs.budgets import budget_view
from audit.costs.models import Budget, BudgetNotice, Load, Outlook, RateRevision
from audit.costs.signals import budget_reached
from audit.costs.standings import complete_through
from audit.costs.types import BudgetView

STALE = timedelta(hours=1)
"""Commitments, overhead and reservations change forecasts too: an hour later at the latest they are in."""
FORECAST = "forecast"


def refresh_outlooks(*, now: datetime) -> int:
    """Compute the forecasts of running budgets whose costs have changed since; returns how many there were.

    Thresholds that are newly reached are kept as told and said by `budget_reached`.
    """
    through = complete_through()
    stale = list(_stale(now))
    for budget in stale:
        _refresh(budget, through=through, now=now)
    return len(stale)


def _stale(now: datetime) -> Iterable[Budget]:
    day = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    changes = (Load.objects.aggregate(at=Max("at")), RateRevision.objects.aggregate(at=Max("published_at")))
    changed = max((one["at"] for one in changes if one["at"]), default=now - STALE)
    old = Q(outlook__isnull=True) | Q(outlook__at__lte=max(changed, now - STALE))
    # A budget whose period has just ended is looked at once more: its last days come late.
    return Budget.objects.filter(old, starts__lte=day, ends__gt=day - timedelta(days=7)).order_by("pk")


def _refresh(budget: Budget, *, through: datetime | None, now: datetime) -> None:
    view = budget_view(budget, now=now)
    expected = view.forecast
    with transaction.atomic():
        Outlook.objects.update_or_create(
            budget=budget,
            defaults={
                "at": now,
                "complete_through": through,
                "spent": expected.spent,
                "forecast": expected.amount,
                "low": expected.low,
                "high": expected.high,
                "committed": expected.committed,
                "ends_on": expected.ends_on,
            },
        )
        for what in sorted(_reached(view)):
            _tell_once(budget, what, view, now)


def _reached(view: BudgetView) -> set[str]:
    reached = {str(one) for one in view.thresholds if view.use * 100 >= Decimal(one)}
    # Somebody who has spent all of it need not be told that they are expected to.
    over = view.forecast.amount is not None and view.forecast.amount > view.amount and view.use < 1
    return reached | ({FORECAST} if over else set())


def _tell_once(budget: Budget, what: str, view: BudgetView, now: datetime) -> None:
    notice, new = BudgetNotice.objects.get_or_create(budget=budget, what=what, defaults={"at": now})
    if new:
        transaction.on_commit(partial(_tell, notice.budget_id, what, view), robust=True)


def _tell(budget: int, what: str, view: BudgetView) -> None:
    budget_reached.send_robust(sender=Budget, budget=budget, what=what, view=view)
