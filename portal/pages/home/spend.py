"""One line on a lead's first page: what their teams' GPUs cost this month, and what is left of the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.costs.models import CostSettings, Outlook, ReservationDay, TeamDay
from audit.costs.types import ZERO
from grants.directory.models import Team
from grants.directory.standing import Standing
from portal.edges.cost_filters import Preset, preset_period
from portal.edges.cost_unused import WINDOWS, unused_count
from portal.pages.costs.wording import money, period_text


@dataclass(frozen=True, slots=True)
class Spend:
    """The line and where it leads."""

    text: str
    url: str


def led_teams(viewer: Standing, *, now: datetime) -> list[Any]:
    """The teams the viewer leads, with what `spend_of` adds up and their `unused_grants`: one query at most."""
    return list(_teams(viewer, now).order_by("name", "pk")) if viewer.is_lead else []


def spend_of(teams: Sequence[Any], *, now: datetime) -> Spend | None:
    """The month's cost of these teams, as `led_teams` gives them; None without any, and while nothing was spent."""
    period = preset_period(Preset.THIS_MONTH, timezone.localdate(now))
    spent = sum(((team.direct or ZERO) + (team.unused or ZERO) for team in teams), ZERO)
    left = [team.budget - team.used for team in teams if team.budget is not None]
    if not spent and not left:
        return None
    currency = teams[0].currency or "USD"
    told = {
        "period": period_text(period),
        "spent": money(spent, currency),
        "left": money(sum(left, ZERO), currency),
    }
    return Spend(_said(len(teams), bool(left)) % told, reverse("costs"))


def _teams(viewer: Standing, now: datetime) -> Any:
    """The led teams with direct cost and unused reservations (F12 without shared cost), and the budget of today."""
    today = timezone.localdate(now)
    period = preset_period(Preset.THIS_MONTH, today)
    of_team = {"team": OuterRef("key"), "day__gte": period.first, "day__lt": period.after}
    outlook = Outlook.objects.filter(
        budget__owner_kind="team",
        budget__owner=OuterRef("key"),
        budget__starts__lte=today,
        budget__ends__gt=today,
    )
    return Team.objects.filter(pk__in=viewer.led_team_ids).annotate(
        direct=_sum(TeamDay.objects.filter(**of_team), "cost"),
        unused=_sum(ReservationDay.objects.filter(**of_team), "unused_cost"),
        budget=Subquery(outlook.values("budget__amount")[:1]),
        used=Subquery(outlook.values("spent")[:1]),
        unused_grants=unused_count(days=WINDOWS[0], now=now),
        currency=Subquery(CostSettings.objects.values("currency")[:1]),
    )


def _sum(rows: "QuerySet[Any]", column: str) -> Subquery:
    return Subquery(rows.order_by().values("team").annotate(whole=Sum(column)).values("whole"))


def _said(teams: int, budget: bool) -> str:
    if not budget:
        return _("%(period)s: your GPUs cost %(spent)s so far; no budget is set.")
    return ngettext(
        "%(period)s: your team’s GPUs cost %(spent)s so far; %(left)s of the budget is left.",
        "%(period)s: your teams’ GPUs cost %(spent)s so far; %(left)s of their budgets is left.",
        teams,
    )
