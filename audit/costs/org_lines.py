"""How every team stands, from forecasts that are kept: the table of the whole organisation (T5)."""

from datetime import date, datetime
from decimal import Decimal

from audit.costs import figures
from audit.costs.breakdowns import breakdowns
from audit.costs.models import Outlook
from audit.costs.narrowing import ask, sees_teams
from audit.costs.planning import OrgLine
from audit.costs.shares import shared_amounts
from audit.costs.standings import complete_day
from audit.costs.types import ZERO, By, CostFilters, CostScope, Line, Period, Sums


def org_lines(scope: CostScope, filters: CostFilters, *, now: datetime) -> list[OrgLine]:
    """One line for each team with use, a reservation or a budget now, most idle cost first (table T5).

    Budgets are those of teams that cover today, their forecasts those last kept: nothing is computed here.
    Use without a team is the line of the team "", for viewers of everything.
    """
    lines = {line.value: line for line in breakdowns(scope, filters, bys=[By.TEAM], sparks=False)[By.TEAM]}
    outlooks = _outlooks(scope, filters, now.date())
    for team in outlooks:
        lines.setdefault(team, Line(team, Sums()))
    shared = shared_amounts(filters.period) if scope.everything else {}
    loose, today = without_project(scope, filters), complete_day()
    found = [
        _org_line(line, outlooks.get(team), shared.get(team, ZERO), loose.get(team, ZERO), today)
        for team, line in lines.items()
    ]
    return sorted(found, key=lambda one: (-one.sums.idle_cost, -one.total, one.team))


def without_project(scope: CostScope, filters: CostFilters) -> dict[str, Decimal]:
    """The direct cost of each team that nothing ties to a project, whatever else is filtered than teams and days."""
    teams = sees_teams(scope, filters)
    return dict(
        ask(
            "SELECT team, sum(loose_cost) FROM costs_teamtotal WHERE day >= %s AND day < %s"
            " AND (%s OR team = ANY(%s)) GROUP BY 1",
            [filters.period.first, filters.period.after, teams is None, list(teams or ())],
        )
    )


def _outlooks(scope: CostScope, filters: CostFilters, day: date) -> dict[str, Outlook]:
    rows = Outlook.objects.select_related("budget").filter(
        budget__owner_kind="team", budget__starts__lte=day, budget__ends__gt=day
    )
    teams = sees_teams(scope, filters)
    return {
        one.budget.owner: one for one in (rows if teams is None else rows.filter(budget__owner__in=teams))
    }


def _org_line(
    line: Line, outlook: Outlook | None, shared: Decimal, loose: Decimal, today: date | None
) -> OrgLine:
    bare = OrgLine(line.value, line.sums, line.before, line.unused_cost, shared, loose)
    if outlook is None:
        return bare
    budget = outlook.budget
    period = Period(budget.starts, budget.ends)
    elapsed = (min(today, period.after) - period.first).days if today and today > period.first else 0
    use = figures.budget_use(spent=outlook.spent, budget=budget.amount)
    return OrgLine(
        line.value, line.sums, line.before, line.unused_cost, shared, loose,
        budget=budget.amount, budget_period=period, spent=outlook.spent, forecast=outlook.forecast,
        low=outlook.low, high=outlook.high, committed=outlook.committed, use=use,
        plan_index=figures.plan_index(use=use, elapsed_days=elapsed, days=period.days),
        ends_on=outlook.ends_on,
    )  # fmt: skip
