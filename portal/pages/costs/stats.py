"""The row of figures on top of a page, each with a link to what it means."""

from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from audit.costs import figures
from audit.costs.planning import Overview
from audit.costs.types import BudgetView
from portal.pages.costs.breakdowns import Setting
from portal.pages.costs.wording import Unit, change, hours_of, money, number, ratio, share
from portal.pages.markup import day_text


@dataclass(frozen=True, slots=True)
class Stat:
    """One figure: its name leads to the definition `figure`; `hint` says what belongs to it."""

    label: str
    value: str
    figure: str
    hint: str = ""

    @property
    def url(self) -> str:
        """Its definition."""
        return f"{reverse('costs-figures')}#{self.figure}"


def budget_stats(view: BudgetView | None, currency: str) -> list[Stat]:
    """How the budget stands (F13, F14, F15, F17); one stat that says so when there is none."""
    if view is None:
        return [Stat(_("Budget"), _("None"), "f13", _("No budget covers this time."))]
    return [
        Stat(_("Budget left"), money(view.left, currency), "f13", _use_said(view, currency)),
        _forecast(view, currency),
        Stat(_("Plan index"), ratio(view.plan_index), "f13", _("1.00 is on plan")),
    ]


def _use_said(view: BudgetView, currency: str) -> str:
    told = {"use": share(view.use), "budget": money(view.amount, currency)}
    return _("%(use)s of %(budget)s is spent") % told


def _forecast(view: BudgetView, currency: str) -> Stat:
    expected = view.forecast
    if expected.amount is None:
        return Stat(_("Forecast"), _("Too early to say"), "f14", _("It needs three complete days."))
    parts = []
    if expected.low is not None and expected.high is not None and expected.low != expected.high:
        told = {"low": money(expected.low, currency), "high": number(expected.high, 2)}
        parts.append(_("%(low)s to %(high)s") % told)
    if expected.committed:
        parts.append(
            _("%(amount)s with approved requests") % {"amount": money(expected.with_commitments, currency)}
        )
    if expected.ends_on:
        parts.append(_("budget ends on %(day)s") % {"day": day_text(expected.ends_on)})
    return Stat(_("Forecast"), money(expected.amount, currency), "f14", " · ".join(parts))


def use_stats(overview: Overview, setting: Setting) -> list[Stat]:
    """Spend (F12), held (F1), idle (F3); for leads cost per active hour (F11) and unused reservations (F6)."""
    now, currency = overview.now, setting.measure.currency
    spend = Stat(
        _("Spend so far"),
        money(overview.total, currency),
        "f12",
        _since(overview.total, overview.total_before),
    )
    held = Stat(_("Held GPU hours"), number(hours_of(now.held_ms), 1), "f1", _active(overview))
    stats = [held] if setting.measure.unit is Unit.HOURS else [spend, held]
    stats.append(_idle(overview, setting))
    if not setting.lead:
        return stats
    if setting.measure.unit is Unit.MONEY:
        per_active = figures.cost_per_active_hour(now)
        hint = _("Too little of the held hours was measured.") if per_active is None and now.held_ms else ""
        stats.append(Stat(_("Cost per active hour"), money(per_active, currency), "f11", hint))
    if overview.unused.ms:
        value = money(overview.unused.cost, currency) if setting.measure.unit is Unit.MONEY else ""
        hours = _("%(n)s GPU hours") % {"n": number(hours_of(overview.unused.ms), 1)}
        stats.append(Stat(_("Unused reservation"), value or hours, "f6", hours if value else ""))
    return stats


def _since(now: Decimal, before: Decimal) -> str:
    against = figures.change(now, before)
    return "" if against is None else _("%(change)s against the time before") % {"change": change(against)}


def _active(overview: Overview) -> str:
    now = overview.now
    if not now.measured_ms:
        return _("activity not measured") if now.held_ms else ""
    said = _("%(n)s active") % {"n": number(hours_of(now.active_ms), 1)}
    unknown = now.held_ms - now.measured_ms
    return said + (" · " + _("%(n)s not measured") % {"n": number(hours_of(unknown), 1)} if unknown else "")


def _idle(overview: Overview, setting: Setting) -> Stat:
    now, measure = overview.now, setting.measure
    label = _("Held but idle")
    if not now.measured_ms:
        return Stat(label, _("Not measured") if now.held_ms else "–", "f3")
    value = (
        money(now.idle_cost, measure.currency) if measure.unit is Unit.MONEY else number(measure.idle(now), 1)
    )
    return Stat(
        label, value, "f3", _("%(share)s of measured hours") % {"share": share(figures.idle_share(now))}
    )
