"""The words of notifications about costs: budgets, unusual days, sources, broken rules, and a team's month."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.costs.types import REST, By, Period
from portal.edges.cost_names import unattributed
from portal.notify.kinds import Kind
from portal.pages.costs.unusual import CAUSES
from portal.pages.costs.wording import money, period_text, share
from portal.pages.markup import day_text, moment_text

Texts = Mapping[str, tuple[Promise, Promise]]

TEXTS: Texts = {
    Kind.BUDGET_REACHED: (
        gettext_lazy("%(owner)s has spent %(percent)s of its budget"),
        gettext_lazy("%(period)s: %(spent)s of %(budget)s is spent. %(expected)s"),
    ),
    Kind.BUDGET_FORECAST: (
        gettext_lazy("%(owner)s is expected to go over its budget"),
        gettext_lazy("%(period)s: %(spent)s of %(budget)s is spent. %(expected)s"),
    ),
    Kind.COST_UNUSUAL: (
        gettext_lazy("%(who)s: unusual GPU cost on %(day)s, %(amount)s"),
        gettext_lazy("%(usual)s is usual. %(causes)s"),
    ),
    Kind.COST_MISSING: (
        gettext_lazy("%(who)s: unusually little GPU use on %(day)s"),
        gettext_lazy("It cost %(amount)s; %(usual)s is usual. Perhaps data are missing."),
    ),
    Kind.SOURCE_FAILING: (
        gettext_lazy("GPU usage from %(source)s cannot be read"),
        gettext_lazy("It has failed since %(since)s, so costs are not complete. Last answer: %(error)s"),
    ),
    Kind.COSTS_BROKEN: (
        gettext_lazy("The nightly check found figures of costs that break a rule"),
        gettext_lazy(
            "Newly found: %(count)s, on days from %(first)s to %(last)s. They stay listed until a check finds them "
            "in order."
        ),
    ),
    Kind.COSTS_MONTH: (
        gettext_lazy("%(team)s: GPU costs of %(month)s"),
        gettext_lazy("%(team)s spent %(total)s on GPUs in %(month)s. %(through)s"),
    ),
}


def _money(value: Any) -> str:
    amount, currency = value
    return money(None if amount is None else Decimal(amount), currency)


def period_of(value: Any) -> Period:
    """A period that stands in parameters as its first day and the day after it."""
    return Period(*(date.fromisoformat(str(day)) for day in value))


def _expected(value: Any) -> str:
    """What is expected: amount, currency and the day the money is gone, each of which may be unknown."""
    amount, currency, gone = value
    if amount is None:
        return _("It is too early to say what it will be in the end.")
    told = _("%(amount)s is expected by the end.") % {"amount": _money([amount, currency])}
    if gone is None:
        return told
    return f"{told} {_('The money is gone on %(day)s.') % {'day': _day(gone)}}"


def _causes(value: Any) -> str:
    """What made a day unusual: what it is, its name, amount and currency, of each."""
    if not value:
        return ""
    return _("Most of it: %(causes)s.") % {"causes": _(", ").join(_cause(*one) for one in value)}


def _cause(by: str, name: str, amount: str, currency: str) -> str:
    kind, number = By(by), Decimal(amount)
    known = _("Others") if name == REST else name or unattributed(kind)
    named = CAUSES.get(kind) if name else None
    words = named or gettext_lazy("%(name)s (%(amount)s)")
    return str(words) % {"name": known, "amount": ("+" if number > 0 else "") + money(number, currency)}


def _day(value: Any) -> str:
    return day_text(date.fromisoformat(str(value)))


def _through(value: Any) -> str:
    """Through when data are complete, said only where that is before the end of the month: [moment, complete]."""
    at, complete = value
    if complete:
        return _("The data of the month are complete.")
    return _("Complete through %(when)s.") % {"when": moment_text(datetime.fromisoformat(str(at)))}


SAY: Mapping[str, Callable[[Any], object]] = {
    **dict.fromkeys(("spent", "budget", "amount", "usual", "total"), _money),
    **dict.fromkeys(("period", "month"), lambda value: period_text(period_of(value))),
    **dict.fromkeys(("day", "first", "last"), _day),
    "percent": lambda value: share(Decimal(str(value)) / 100),
    "expected": _expected,
    "causes": _causes,
    "through": _through,
    "since": lambda value: moment_text(datetime.fromisoformat(str(value))),
    "who": lambda value: value or _("The whole organisation"),
}
"""How parameters of these kinds are said in the active language."""


def path_of(kind: str, params: Mapping[str, Any]) -> str:
    """The page that shows how things of costs stand now."""
    if kind in {Kind.SOURCE_FAILING, Kind.COSTS_BROKEN}:
        return reverse("cost-sources")
    if kind in {Kind.BUDGET_REACHED, Kind.BUDGET_FORECAST} and not params["key"]:
        return reverse("cost-budgets")
    page = reverse("costs-team", args=[params["key"]]) if params["key"] else reverse("costs-organisation")
    period = period_of(params["month"] if "month" in params else params["period"])
    return f"{page}?from={period.first}&to={period.after - timedelta(days=1)}"


def month_lines(params: Mapping[str, Any]) -> list[str]:
    """What the mail of a team's month says line by line: budget, forecast, idle, projects, and unused access."""
    return [
        _line(_("Total"), _money(params["total"])),
        *(_budget_line(*one) for one in params["budgets"]),
        *([_line(_("Budget"), _("None"))] if not params["budgets"] else []),
        *_forecast_line(params["forecast"]),
        _line(_("Held but idle"), _idle(params["idle"])),
        *_projects(params["top"]),
        *_unused(params),
    ]


def _line(label: str, value: str) -> str:
    return _("%(label)s: %(value)s") % {"label": label, "value": value}


def _budget_line(period: Any, spent: Any, budget: Any, used: str, expected: Any) -> str:
    """A budget: its days, what is spent of it, and what is expected where it goes on (None: it is over)."""
    told = _("%(use)s of %(budget)s is spent") % {"use": share(Decimal(used)), "budget": _money(budget)}
    label = _("Budget, %(period)s") % {"period": period_text(period_of(period))}
    line = _line(label, f"{told} ({_money(spent)})")
    return line if expected is None else f"{line}. {_expected(expected)}"


def _forecast_line(value: Any) -> list[str]:
    if value is None:
        return []
    period, amount = value
    label = _("Forecast, %(period)s") % {"period": period_text(period_of(period))}
    return [_line(label, _("Too early to say") if amount[0] is None else _money(amount))]


def _idle(value: Any) -> str:
    if value is None:
        return _("Not measured")
    amount, part = value
    of_hours = _("%(share)s of measured hours") % {"share": share(Decimal(part))}
    return f"{_money(amount)} ({of_hours})"


def _projects(value: Any) -> list[str]:
    if not value:
        return []
    rows = [f"- {name or unattributed(By.PROJECT)}: {_money(amount)}" for name, amount in value]
    return ["", _("Projects that cost most:"), *rows]


def _unused(params: Mapping[str, Any]) -> list[str]:
    people, grants = int(params["unused_people"]), int(params["unused_grants"])
    if not people and not grants:
        return ["", _("Everybody with access used it in the last %(days)s days.") % {"days": params["days"]}]
    said = ngettext(
        "%(n)s person has access and did not use it in %(days)s days: %(names)s",
        "%(n)s people have access and did not use it in %(days)s days: %(names)s",
        people,
    )
    names = _(", ").join(params["unused_names"]) + ("…" if people > len(params["unused_names"]) else "")
    lines = [said % {"n": people, "days": params["days"], "names": names}] if people else []
    if grants:
        words = ngettext("%(n)s grant is unused", "%(n)s grants are unused", grants)
        lines.append(words % {"n": grants})
    return ["", *lines, str(params["unused_url"])]
