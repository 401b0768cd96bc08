"""What a change of prices does, in words and rows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from audit.costs.changes import RatesPreview, TeamChange
from portal.edges.cost_owners import owners
from portal.pages.costs.wording import hours_of, money, number
from portal.pages.markup import day_text


def team_rows(changes: Sequence[TeamChange]) -> list[dict[str, Any]]:
    """Each team with the cost of the hours that change, greatest change first."""
    names = owners()
    ordered = sorted(changes, key=lambda one: (-abs(one.after - one.before), one.team))
    return [
        {
            "name": names.team(one.team) if one.team else _("Unattributed"),
            "before": one.before,
            "after": one.after,
            "change": signed(one.after - one.before),
            "month_before": one.month_before,
            "month_after": one.month_after,
        }
        for one in ordered
    ]


def effect_words(effect: RatesPreview, currency: str) -> dict[str, str]:
    """The figures of the effect as they are shown."""
    if not effect.days:
        return {}
    closed = effect.closed
    return {
        "days": number(len(effect.days)),
        "span": _span(effect.days[0], effect.days[-1]),
        "cost": money(effect.after, currency),
        "change": _("%(change)s against %(before)s today")
        % {"change": signed(effect.after - effect.before), "before": money(effect.before, currency)},
        "priced": number(hours_of(effect.priced_ms), 1),
        "unpriced": number(hours_of(effect.unpriced_ms), 1),
        "closed": _closed(effect, currency) if closed else "",
    }


def signed(amount: Decimal, places: int = 2) -> str:
    """A difference with its sign."""
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    return sign + number(abs(amount), places)


def _closed(effect: RatesPreview, currency: str) -> str:
    words = _("%(span)s: %(change)s against %(before)s as stated today")
    return words % {
        "span": _span(effect.closed[0], effect.closed[-1]),
        "change": signed(effect.closed_after - effect.closed_before),
        "before": money(effect.closed_before, currency),
    }


def _span(first: Any, last: Any) -> str:
    if first == last:
        return day_text(first)
    return _("%(first)s to %(last)s") % {"first": day_text(first), "last": day_text(last)}
