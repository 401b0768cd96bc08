"""Planned GPU use of a request in money: before it is sent, when it is decided, and what it became."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from approvals.requests.models import Request
from audit.costs.commitments import Planned, commit, release
from audit.costs.gpu_names import folded
from audit.costs.models import GpuType, Outlook
from audit.costs.planning import Accuracy, Estimate, Outcome
from audit.costs.selectors import accuracy, budget_view, budgets_of, estimate, outcome
from grants.directory.models import Project, Team
from grants.lifecycle.models import Grant

WEEK_DAYS = Decimal(7)
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody plans: so many people for so many days from `first` on, each so many hours a week."""

    people: int
    hours_per_week: int
    days: int
    gpu_type: str
    first: date


@dataclass(frozen=True, slots=True)
class Purse:
    """A budget as a decision needs it: what is left today, and what is expected to be spent by its end."""

    amount: Decimal
    left: Decimal
    expected: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """An estimate (F20) beside the budget it would be spent from and how earlier ones of the team turned out.

    `label` is what pages call the type; `known` False: no source and no rate card names such a type.
    """

    estimate: Estimate
    label: str
    known: bool
    budget: "Purse | None" = None
    history: Accuracy | None = None
    became: Outcome | None = None

    @property
    def left_after(self) -> Decimal | None:
        """What would remain of the budget by its end: forecast, other commitments and this estimate taken off."""
        if self.budget is None or self.estimate.amount is None:
            return None
        return self.budget.amount - self.budget.expected - self.estimate.amount


def use_of(request: Request, *, people: int, now: datetime) -> Use | None:
    """What a request plans; None when it says nothing of GPUs, or not for how long."""
    hours = request.gpu_hours_per_week
    if not request.gpu_type or not hours or not people:
        return None
    starts = max(request.starts or now, now) if request.status == "draft" else request.starts or now
    days = request.days or ((request.ends - starts).days if request.ends else 0)
    return Use(people, hours, days, request.gpu_type, timezone.localdate(starts)) if days > 0 else None


def plan_of(use: Use, team: Team | None, *, now: datetime, money: bool) -> Plan:
    """The plan in figures. `money`: the viewer may see the team's budget and history, which costs ten queries."""
    key, label, known = _type_of(use.gpu_type)
    weeks = (Decimal(use.days) / WEEK_DAYS).quantize(TENTH)
    found = estimate(
        people=use.people, hours_per_week=Decimal(use.hours_per_week), weeks=weeks, gpu_type=key, day=use.first
    )  # fmt: skip
    if team is None or not money:
        return Plan(found, label, known)
    return Plan(found, label, known, budget=_budget(team, now), history=accuracy(team.key))


def became(request: Request) -> Outcome | None:
    """What the planned use of an approved request has come to so far."""
    return outcome(request.label)


def hand_down(*, request: Request, grant: Grant, people: int, now: datetime) -> None:
    """Tell the cost room what an approved request plans to use, in the transaction of its approval."""
    use = use_of(request, people=people, now=now)
    if use is None or request.project is None:
        return
    plan = plan_of(use, None, now=now, money=False)
    project: Project = request.project
    commit(
        Planned(
            origin=request.label, grant=grant.label, team=project.team.key, project=project.key,
            gpu_type=plan.estimate.gpu_type, hours=plan.estimate.hours, amount=plan.estimate.amount,
            starts=timezone.localdate(grant.starts), ends=timezone.localdate(grant.ends),
        )
    )  # fmt: skip


def take_back(grant: Grant) -> None:
    """Tell the cost room that a grant's planned use is over."""
    release(origins=[grant.origin], grants=[grant.label])


def _type_of(text: str) -> tuple[str, str, bool]:
    name = folded(text)
    for key, label, aliases in GpuType.objects.values_list("key", "label", "aliases"):
        if name == key or name in aliases:
            return key, label, True
    return name or text[:60], text, False


def _budget(team: Team, now: datetime) -> Purse | None:
    """The team's own budget of today, else its cost centre's: as last looked ahead, one query; else looked at now."""
    owners = [("team", team.key), *([("cost_centre", team.cost_centre)] if team.cost_centre else [])]
    found = budgets_of(owners, timezone.localdate(now)).select_related("outlook")
    rows = sorted(found, key=lambda one: one.owner_kind != "team")
    if not rows:
        return None
    ahead: Outlook | None = getattr(rows[0], "outlook", None)
    if ahead is not None:
        expected = ahead.spent if ahead.forecast is None else ahead.forecast + ahead.committed
        return Purse(rows[0].amount, rows[0].amount - ahead.spent, expected)
    view = budget_view(rows[0], now=now)
    return Purse(view.amount, view.left, view.forecast.with_commitments or view.forecast.spent)
