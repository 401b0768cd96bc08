"""Unusual days as sentences: what a day cost, what is usual, and what made the difference (F18, F19)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.planning import AnomalyView, Cause
from audit.costs.types import REST, By
from portal.edges.cost_names import CostNames
from portal.pages.costs.wording import money
from portal.pages.markup import day_text

CAUSES: Mapping[By, "str | Promise"] = {
    By.PROJECT: gettext_lazy("project %(name)s (%(amount)s)"),
    By.PERSON: gettext_lazy("person %(name)s (%(amount)s)"),
    By.IMAGE: gettext_lazy("image %(name)s (%(amount)s)"),
    By.GPU_TYPE: gettext_lazy("GPU type %(name)s (%(amount)s)"),
    By.TEAM: gettext_lazy("team %(name)s (%(amount)s)"),
}


@dataclass(frozen=True, slots=True)
class Unusual:
    """One unusual day: a sentence, its day's page, and what somebody noted about it."""

    sentence: str
    url: str
    high: bool
    note: str
    noted_by: str


def unusual_days(found: Sequence[AnomalyView], names: CostNames, currency: str) -> list[Unusual]:
    """The sentences of these days, in their order."""
    return [
        Unusual(
            sentence=_sentence(one, names, currency),
            url=reverse("costs-day", args=[one.day.isoformat()]) + (f"?team={one.team}" if one.team else ""),
            high=one.high,
            note=one.note,
            noted_by=one.noted_by,
        )
        for one in found
    ]


def _sentence(one: AnomalyView, names: CostNames, currency: str) -> str:
    told = {
        "day": day_text(one.day),
        "who": names.of(By.TEAM, one.team) if one.team else _("The whole organisation"),
        "amount": money(one.amount, currency),
        "usual": money(one.usual, currency),
        "causes": _(", ").join(_cause(cause, names, currency) for cause in one.causes),
    }
    if not one.high:
        return (
            _("%(day)s: %(who)s cost only %(amount)s; %(usual)s is usual. Perhaps data are missing.") % told
        )
    if not one.causes:
        return _("%(day)s: %(who)s cost %(amount)s; %(usual)s is usual.") % told
    return _("%(day)s: %(who)s cost %(amount)s; %(usual)s is usual. Most of it: %(causes)s.") % told


def _cause(cause: Cause, names: CostNames, currency: str) -> str:
    amount = ("+" if cause.amount > 0 else "") + money(cause.amount, currency)
    name = _("Others") if cause.value == REST else names.of(cause.by, cause.value)
    words = CAUSES.get(cause.by, gettext_lazy("%(name)s (%(amount)s)"))
    return str(words) % {"name": name, "amount": amount}
