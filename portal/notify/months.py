"""The mail of a team's month: what its GPUs cost, how the budget stands, what was idle, and who did not use access."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from audit.costs import figures, selectors
from audit.costs.budgets import HISTORY
from audit.costs.forecasting import forecast
from audit.costs.models import Budget, ReservationDay, TeamDay
from audit.costs.planning import Overview
from audit.costs.settings import cost_settings
from audit.costs.types import BudgetView, By, CostFilters, CostScope, Period
from grants.directory.models import Team
from grants.directory.selectors import leads_of
from portal.edges.cost_filters import Preset, preset_period
from portal.edges.cost_names import cost_names
from portal.edges.cost_unused import WINDOWS, unused_grants, unused_people
from portal.notify.costs import iso, money_of
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.services import notify

WAITED_FOR = 5
"""The day of the next month on which the mail is sent although data are missing, saying through when there are any."""
MOST_PROJECTS = 5
MOST_NAMES = 10
DAYS = WINDOWS[0]


def tell_months(*, now: datetime) -> int:
    """Tell the leads of every team with costs or a budget of the last month, once for each; returns how many.

    It waits until data of the month are complete, at most until the fifth. While no data were ever read, or for
    a month without any, nobody is told.
    """
    today, through = timezone.localdate(now), selectors.complete_through()
    month = preset_period(Preset.LAST_MONTH, today)
    first_missing = selectors.complete_day()
    if through is None or first_missing is None or first_missing <= month.first:
        return 0
    complete = first_missing >= month.after
    if not complete and today.day < WAITED_FOR:
        return 0
    told = {"through": [through.isoformat(), complete]}
    return sum(_tell(team, month, told, now) for team in _teams(month))


def _teams(month: Period) -> Iterable[Team]:
    """The teams that used GPUs, paid for unused ones, or had a budget."""
    within = Q(day__gte=month.first, day__lt=month.after)
    keys = {
        *TeamDay.objects.filter(within).values_list("team", flat=True).distinct(),
        *ReservationDay.objects.filter(within).values_list("team", flat=True).distinct(),
        *Budget.objects.filter(owner_kind="team", starts__lt=month.after, ends__gt=month.first).values_list(
            "owner", flat=True
        ),
    }
    return Team.objects.filter(key__in=keys).order_by("key")


def _tell(team: Team, month: Period, told: dict[str, Any], now: datetime) -> int:
    leads = set(leads_of(team).values_list("pk", flat=True))
    occasion = f"month:{team.key}:{month.first:%Y-%m}"
    sent = Notification.objects.filter(recipient__in=leads, kind=Kind.COSTS_MONTH, occasion=occasion)
    if not leads or sent.exists():
        return 0
    params = _figures(team, month, now) | told
    return notify(people=leads, kind=Kind.COSTS_MONTH, occasion=occasion, now=now, params=params)


def _figures(team: Team, month: Period, now: datetime) -> dict[str, Any]:
    scope, currency = CostScope(teams=frozenset({team.key}), names=True), cost_settings().currency
    filters = CostFilters(month, teams=(team.key,))
    overview = selectors.overview(scope, filters)
    return {
        "team": team.name,
        "key": team.key,
        "month": _days(month),
        "total": money_of(overview.total, currency),
        "idle": _idle(overview, currency),
        "top": _top(scope, filters, currency),
        **_outlook(team.key, month, currency, now),
        **_unused(team.key, now),
    }


def _days(period: Period) -> list[str]:
    return [str(period.first), str(period.after)]


def _idle(overview: Overview, currency: str) -> list[Any] | None:
    part = figures.idle_share(overview.now)
    return None if part is None else [money_of(overview.now.idle_cost, currency), str(part)]


def _top(scope: CostScope, filters: CostFilters, currency: str) -> list[Any]:
    """The five projects that cost most; the name of no project is left for the reader's language."""
    lines = [line for line in selectors.breakdown(scope, filters, by=By.PROJECT) if line.sums.cost]
    most = sorted(lines, key=lambda line: line.sums.cost, reverse=True)[:MOST_PROJECTS]
    names = cost_names({By.PROJECT: {line.value for line in most}})
    return [
        [names.of(By.PROJECT, line.value) if line.value else "", money_of(line.sums.cost, currency)]
        for line in most
    ]


def _outlook(team: str, month: Period, currency: str, now: datetime) -> dict[str, Any]:
    """The budgets of the month and of today, and the forecast of this month where no running budget tells it."""
    today = timezone.localdate(now)
    days = (month.after - timedelta(days=1), today)
    rows = {row.pk: row for day in days for row in selectors.budgets_of([("team", team)], day)}
    views = [selectors.budget_view(row, teams=(team,), now=now) for row in rows.values()]
    running = any(view.period.first <= today < view.period.after for view in views)
    return {
        "budgets": [_budget(view, today, currency) for view in views],
        "forecast": None if running else _forecast(team, today, currency),
    }


def _budget(view: BudgetView, today: date, currency: str) -> list[Any]:
    over, expected = view.period.after <= today, view.forecast
    ahead = None if over else [*money_of(expected.amount, currency), iso(expected.ends_on)]
    spent, amount = money_of(expected.spent, currency), money_of(view.amount, currency)
    return [_days(view.period), spent, amount, str(view.use), ahead]


def _forecast(team: str, today: date, currency: str) -> list[Any]:
    month = preset_period(Preset.THIS_MONTH, today)
    complete = min(selectors.complete_day() or today, today)
    spend = selectors.spend_by_day((team,), Period(month.first - HISTORY, month.after))
    found = forecast(spend, period=month, first=min(spend, default=complete), today=complete)
    return [_days(month), money_of(found.amount, currency)]


def _unused(team: str, now: datetime) -> dict[str, Any]:
    people = unused_people(team, days=DAYS, now=now)
    path = reverse("costs-unused", args=[team])
    return {
        "days": DAYS,
        "unused_people": len(people),
        "unused_names": [one.person.name for one in people[:MOST_NAMES]],
        "unused_grants": len(unused_grants(team, days=DAYS, now=now)),
        "unused_url": f"{settings.BASE_URL}{path}",
    }
