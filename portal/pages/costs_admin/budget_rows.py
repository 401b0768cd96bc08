"""Budgets as their list shows them: whose, when, how much, how far."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from audit.costs.models import Budget
from portal.edges.cost_owners import Owners
from portal.pages.costs_admin.words import BUDGET_STATES
from portal.pages.words import Word


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One line of the list. `last`: the last day of the period; `percent`: spent of the amount, rounded down."""

    budget: Budget
    owner: str
    last: date
    spent: Decimal | None
    percent: int | None
    forecast: Decimal | None
    word: Word


def budget_rows(budgets: Iterable[Budget], names: Owners, *, on: date) -> list[BudgetRow]:
    """The budgets as rows, in their order. `on`: today in the reporting time zone."""
    return [_row(budget, names, on) for budget in budgets]


def state_of(budget: Budget, on: date) -> str:
    """The code of BUDGET_STATES that says best how a budget stands."""
    outlook = getattr(budget, "outlook", None)
    if budget.starts > on:
        return "later"
    if outlook is None:
        return "unknown"
    over = outlook.spent >= budget.amount
    if budget.ends <= on:
        return "ended_over" if over else "ended"
    if over:
        return "over"
    if outlook.forecast is not None and outlook.forecast > budget.amount:
        return "forecast_over"
    reached = any(outlook.spent * 100 >= budget.amount * percent for percent in budget.thresholds)
    return "watch" if reached else "on_plan"


def _row(budget: Budget, names: Owners, on: date) -> BudgetRow:
    outlook = getattr(budget, "outlook", None)
    return BudgetRow(
        budget=budget,
        owner=names.name(budget.owner_kind, budget.owner),
        last=budget.ends - timedelta(days=1),
        spent=outlook.spent if outlook else None,
        percent=int(outlook.spent * 100 / budget.amount) if outlook else None,
        forecast=outlook.forecast if outlook else None,
        word=BUDGET_STATES[state_of(budget, on)],
    )
