"""Budgets of teams and cost centres: set, removed, and how they stand."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.costs.commitments import committed_of
from audit.costs.errors import CostConflict, CostError
from audit.costs.forecasting import forecast
from audit.costs.models import Budget
from audit.costs.narrowing import ask
from audit.costs.organisation import organisation
from audit.costs.planning import BudgetTerms
from audit.costs.shares import shared_by_day
from audit.costs.standings import complete_day
from audit.costs.types import ZERO, BudgetView, Period
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Detail

OWNERS = ("team", "cost_centre")
HISTORY = timedelta(days=56)
"""A forecast looks at four weeks, and its errors at four weeks before each of them."""


def set_budget(*, terms: BudgetTerms, budget: Budget | None = None, by: Actor, now: datetime) -> Budget:
    """Give a team or cost centre a budget, or change `budget` to these terms.

    Thresholds that were told are forgotten, so that a changed budget tells them again when they are reached.
    Records audit.budget.set. Raises CostError (bad_budget, with all faults) and CostConflict (budget_overlaps).
    """
    faults = _faults(terms)
    if faults:
        raise CostError("bad_budget", _("This budget cannot be set."), {"faults": faults})
    with audited(by=by):
        row = budget or Budget()
        row.owner_kind, row.owner, row.amount = terms.owner_kind, terms.owner, terms.amount
        row.starts, row.ends, row.note = terms.period.first, terms.period.after, terms.note.strip()
        row.thresholds = sorted(set(terms.thresholds))
        _refuse_overlap(row)
        row.save()
        row.notices.all().delete()
        record("audit.budget.set", subject=f"budget:{row.pk}", team=_team(row), detail=_detail(row))
    return row


def remove_budget(*, budget: Budget, by: Actor, now: datetime) -> None:
    """Take a budget away. Records audit.budget.removed."""
    with audited(by=by):
        subject, detail, team = f"budget:{budget.pk}", _detail(budget), _team(budget)
        budget.delete()
        record("audit.budget.removed", subject=subject, team=team, detail=detail)


def budgets_of(owners: Iterable[tuple[str, str]] | None, day: date | None = None) -> QuerySet[Budget]:
    """The budgets of owners (pairs of owner_kind and owner; None: of everybody), those that cover `day` if given."""
    rows = Budget.objects.order_by("owner_kind", "owner", "-starts")
    if day is not None:
        rows = rows.filter(starts__lte=day, ends__gt=day)
    if owners is None:
        return rows
    wanted = Q(pk__in=[])
    for kind, owner in owners:
        wanted |= Q(owner_kind=kind, owner=owner)
    return rows.filter(wanted)


def budget_view(budget: Budget, *, teams: Sequence[str] | None = None, now: datetime) -> BudgetView:
    """How a budget stands: spend by day, forecast, and the day it is gone.

    `teams` are those it is for; without them the organisation is asked. About six queries.
    """
    known = tuple(teams) if teams is not None else organisation().teams_of(budget.owner_kind, budget.owner)
    period = Period(budget.starts, budget.ends)
    today = min(complete_day() or period.first, now.date() + timedelta(days=1))
    spend = spend_by_day(known, Period(min(period.first, today - HISTORY), period.after))
    first = min(spend, default=today)
    ahead = Period(max(period.first, min(today, period.after)), period.after)
    expected = forecast(
        spend,
        period=period,
        first=first,
        today=today,
        budget=budget.amount,
        committed=committed_of(known, ahead),
    )
    complete = [day for day in period.each() if day < today]
    return BudgetView(
        pk=budget.pk,
        owner_kind=budget.owner_kind,
        owner=budget.owner,
        period=period,
        amount=budget.amount,
        thresholds=tuple(budget.thresholds),
        spent_by_day=tuple(spend.get(day, ZERO) for day in complete),
        elapsed_days=len(complete),
        forecast=expected,
    )


def spend_by_day(teams: Sequence[str], period: Period) -> dict[date, Decimal]:
    """What some teams together cost on each day (F9): direct, unused reservations, shared. Days with cost only."""
    found = dict(shared_by_day(tuple(teams), period))
    for day, cost in ask(_SPEND, 2 * [list(teams), period.first, period.after]):
        found[day] = found.get(day, ZERO) + cost
    return found


_SPEND = """
SELECT day, sum(cost) FROM (
    SELECT day, cost FROM costs_teamtotal WHERE team = ANY(%s) AND day >= %s AND day < %s
    UNION ALL
    SELECT day, unused_cost FROM costs_reservationday WHERE team = ANY(%s) AND day >= %s AND day < %s
) costs GROUP BY day
"""


def _faults(terms: BudgetTerms) -> list[Detail]:
    told = all(1 <= one <= 200 for one in terms.thresholds)
    checks = [
        ("owner", terms.owner_kind in OWNERS and bool(terms.owner), _("Choose a team or a cost centre.")),
        ("period", terms.period.after > terms.period.first, _("A budget ends after it starts.")),
        ("amount", terms.amount > 0, _("A budget is more than zero.")),
        ("thresholds", told, _("Thresholds are between 1 and 200 percent.")),
    ]
    return [{"field": name, "message": str(message)} for name, fine, message in checks if not fine]


def _refuse_overlap(row: Budget) -> None:
    """The rows of one owner are locked, so that two changes cannot pass each other."""
    others = Budget.objects.select_for_update(no_key=True, of=("self",)).filter(
        owner_kind=row.owner_kind, owner=row.owner
    )
    clash = next(
        (one for one in others if one.pk != row.pk and one.starts < row.ends and row.starts < one.ends), None
    )
    if clash is not None:
        raise CostConflict(
            "budget_overlaps",
            _("%(owner)s already has a budget from %(first)s to %(last)s.")
            % {"owner": row.owner, "first": clash.starts, "last": clash.ends - timedelta(days=1)},
            {"budget": clash.pk},
        )


def _team(row: Budget) -> str:
    return row.owner if row.owner_kind == "team" else ""


def _detail(row: Budget) -> Detail:
    return {
        "owner_kind": row.owner_kind,
        "owner": row.owner,
        "starts": row.starts.isoformat(),
        "ends": row.ends.isoformat(),
        "amount": str(row.amount),
        "thresholds": list(row.thresholds),
        "note": row.note,
    }
