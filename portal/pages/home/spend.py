"""One line on a lead's first page: what their teams' GPUs cost this month, and what is left of the budget."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.costs.models import CostSettings, Outlook
from audit.costs.selectors import totals, unused
from audit.costs.types import ZERO, CostFilters, CostScope
from grants.directory.standing import Standing
from portal.edges.cost_filters import Preset, preset_period
from portal.edges.scopes import led_team_keys
from portal.pages.costs.wording import money, period_text


@dataclass(frozen=True, slots=True)
class Spend:
    """The line and where it leads."""

    text: str
    url: str


def spend_of(viewer: Standing, *, now: datetime) -> Spend | None:
    """The month's cost of the teams the viewer leads; None for others, and while nothing was spent. Five queries."""
    if not viewer.is_lead:
        return None
    today, teams = timezone.localdate(now), led_team_keys(viewer)
    period = preset_period(Preset.THIS_MONTH, today)
    scope, filters = CostScope(teams=teams), CostFilters(period)
    spent = totals(scope, filters).cost + unused(scope, filters).cost
    outlooks = Outlook.objects.select_related("budget").filter(
        budget__owner_kind="team", budget__owner__in=teams, budget__starts__lte=today, budget__ends__gt=today
    )
    left = [one.budget.amount - one.spent for one in outlooks]
    if not spent and not left:
        return None
    currency = CostSettings.objects.values_list("currency", flat=True).first() or "USD"
    told = {
        "period": period_text(period),
        "spent": money(spent, currency),
        "left": money(sum(left, ZERO), currency),
    }
    return Spend(_said(len(teams), bool(left)) % told, reverse("costs"))


def _said(teams: int, budget: bool) -> str:
    if not budget:
        return _("%(period)s: your GPUs cost %(spent)s so far; no budget is set.")
    return ngettext(
        "%(period)s: your team’s GPUs cost %(spent)s so far; %(left)s of the budget is left.",
        "%(period)s: your teams’ GPUs cost %(spent)s so far; %(left)s of their budgets is left.",
        teams,
    )
