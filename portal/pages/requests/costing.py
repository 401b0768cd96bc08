"""What planned GPU use would cost, in words: on the form, before sending, for whoever decides, and afterwards."""

from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from approvals.requests.models import Request
from approvals.requests.selectors import requests_visible_to, with_counts
from grants.directory.models import Project
from grants.directory.standing import Standing
from portal.edges.cost_plans import Plan, Use, became, plan_of, use_of
from portal.edges.cost_scopes import leads_costs
from portal.pages.access import signed_in, viewer_of
from portal.pages.costs.wording import money, number, share

MOST = 10_000
WELL = Decimal("0.8"), Decimal("1.2")


@dataclass(frozen=True)
class Costing:
    """The sentences of one plan; an empty one has nothing to say."""

    formula: str = ""
    amount: str = ""
    unpriced: str = ""
    budget: str = ""
    over: bool = False
    history: str = ""
    became: str = ""
    became_over: bool = False


def costing_of(request: Request, viewer: Standing, *, people: int, decides: bool = False) -> Costing | None:
    """What a request's planned use costs, for this viewer; None when nothing is planned.

    Leads of the team, whoever decides and budget owners see the budget; everybody else the estimate alone.
    """
    now = timezone.now()
    use = use_of(request, people=people, now=now)
    if use is None:
        return None
    project = request.project
    sees = decides or leads_costs(viewer, project.team_id if project else None)
    plan = plan_of(use, project.team if project else None, now=now, money=sees)
    found = became(request) if request.status == "approved" else None
    return costing(plan, ratio=found.ratio if found else None, spent=found.actual.cost if found else None)


def costing(plan: Plan, *, ratio: Decimal | None = None, spent: Decimal | None = None) -> Costing:
    """A plan in words."""
    left = plan.left_after
    return Costing(
        formula=_formula(plan),
        amount=money(plan.estimate.amount, plan.estimate.currency)
        if plan.estimate.amount is not None
        else "",
        unpriced=""
        if plan.estimate.rate is not None
        else _("There is no price for %(type)s, so only hours are known.") % {"type": plan.label},
        budget=_budget(plan, left),
        over=left is not None and left < 0,
        history=_history(plan),
        became=_became(plan, ratio, spent),
        became_over=ratio is not None and ratio > WELL[1],
    )


def _formula(plan: Plan) -> str:
    found = plan.estimate
    parts = {
        "people": found.people, "hours": _plain(found.hours_per_week), "weeks": _plain(found.weeks),
        "total": _plain(found.hours), "type": plan.label,
    }  # fmt: skip
    if found.rate is None:
        words = ngettext(
            "%(people)s person × %(hours)s hours a week × %(weeks)s weeks = %(total)s GPU hours (%(type)s)",
            "%(people)s people × %(hours)s hours a week × %(weeks)s weeks = %(total)s GPU hours (%(type)s)",
            found.people,
        )
        return words % parts
    words = ngettext(
        "%(people)s person × %(hours)s hours a week × %(weeks)s weeks = %(total)s GPU hours × %(rate)s (%(type)s)",
        "%(people)s people × %(hours)s hours a week × %(weeks)s weeks = %(total)s GPU hours × %(rate)s (%(type)s)",
        found.people,
    )
    return words % {**parts, "rate": money(found.rate, found.currency)}


def _budget(plan: Plan, left: Decimal | None) -> str:
    view = plan.budget
    if view is None:
        return ""
    currency = plan.estimate.currency
    parts = {"left": money(view.left, currency), "budget": money(view.amount, currency)}
    if left is None:
        return _("%(left)s of %(budget)s is left in this budget.") % parts
    if left < 0:
        return _("%(left)s of %(budget)s is left; with the forecast and this it ends %(missing)s short.") % {
            **parts, "missing": money(-left, currency),
        }  # fmt: skip
    return _("%(left)s of %(budget)s is left; with the forecast and this %(rest)s would remain.") % {
        **parts, "rest": money(left, currency),
    }  # fmt: skip


def _history(plan: Plan) -> str:
    if plan.history is None:
        return ""
    over = sum(one.over for one in plan.history.outcomes)
    if plan.history.median is None:
        return _("No earlier estimate of this team has turned out yet.")
    return _("Earlier requests of this team used %(share)s of their estimate (median of %(count)s).") % {
        "share": share(plan.history.median), "count": over,
    }  # fmt: skip


def _became(plan: Plan, ratio: Decimal | None, spent: Decimal | None) -> str:
    if ratio is None or spent is None:
        return ""
    return _("So far %(spent)s was used: %(share)s of the estimate.") % {
        "spent": money(spent, plan.estimate.currency), "share": share(ratio),
    }  # fmt: skip


@require_safe
@signed_in
def estimate_fragment(http: HttpRequest, pk: int) -> HttpResponse:
    """What the planned use typed so far would cost: fetched by the form as it changes."""
    viewer = viewer_of(http)
    request = get_object_or_404(with_counts(requests_visible_to(viewer)), pk=pk)
    use = _typed(http, request)
    found = None
    if use is not None:
        project: Project | None = request.project
        sees = leads_costs(viewer, project.team_id if project else None)
        found = costing(plan_of(use, project.team if project else None, now=timezone.now(), money=sees))
    return render(http, "pages/requests/_costing.html", {"costing": found})


def _typed(http: HttpRequest, request: Request) -> Use | None:
    request.gpu_type = http.GET.get("gpu_type", "").strip()[:40]
    request.gpu_hours_per_week = _number(http.GET.get("gpu_hours_per_week", ""))
    request.days = _number(http.GET.get("length", "")) or request.days
    people: int = request.people_count  # type: ignore[attr-defined]
    return use_of(request, people=people, now=timezone.now())


def _plain(hours: Decimal) -> str:
    return number(hours, 0 if hours == hours.to_integral_value() else 1)


def _number(text: str) -> int | None:
    text = text.strip()
    return (
        int(text) if text.isascii() and text.isdecimal() and int(text[:6]) <= MOST and len(text) < 6 else None
    )
