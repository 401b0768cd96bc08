"""What a page, an export or a call of the API about costs is narrowed to, read from and written to an address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from audit.costs.records import PricingClass
from audit.costs.types import CostFilters, Period

NOBODY = "~"
"""How an address writes "not attributed": no key of a team or project can hold it."""
MOST_VALUES, LONGEST = 50, 300
MOST_DAYS = 3 * 366
FIELDS: Mapping[str, str] = {
    "team": "teams",
    "project": "projects",
    "person": "persons",
    "image": "images",
    "version": "versions",
    "gpu": "gpu_types",
    "cluster": "clusters",
    "class": "pricing_classes",
}
"""Parameter of the address -> field of CostFilters. Each may be given several times: the values are alternatives."""


class Preset(StrEnum):
    """How a period is chosen."""

    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    QUARTER = "quarter"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class FilterFault:
    """What is wrong with one parameter, in words for whoever wrote it."""

    field: str
    code: str
    message: "str | Promise"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. With faults, `filters` holds what could be read, and nothing should be shown."""

    filters: CostFilters
    preset: Preset
    faults: tuple[FilterFault, ...] = ()


def read_filters(query: QueryDict, *, today: date, persons: bool = True) -> Asked:
    """The filters of an address, with every fault at once. `today` is a day of the reporting time zone.

    Without a period it is this month, or a custom one where `from` or `to` is given. `persons` False: the
    viewer may not tell people apart, so naming one is a fault.
    """
    faults: list[FilterFault] = []
    preset, period = _period(query, today, faults)
    values = {field: _values(query, name, faults) for name, field in FIELDS.items()}
    known = {one.value for one in PricingClass}
    if unknown := [value for value in values["pricing_classes"] if value and value not in known]:
        faults.append(
            FilterFault("class", "unknown", _("“%(value)s” is no pricing class") % {"value": unknown[0]})
        )
    if values["persons"] and not persons:
        faults.append(FilterFault("person", "names", _NO_NAMES))
    return Asked(CostFilters(period=period, **values), preset, tuple(faults))


def write_filters(filters: CostFilters, preset: Preset = Preset.CUSTOM) -> QueryDict:
    """The parameters that `read_filters` reads as the same filters; the default period needs none."""
    query = QueryDict(mutable=True)
    if preset is Preset.CUSTOM:
        query["from"] = filters.period.first.isoformat()
        query["to"] = (filters.period.after - timedelta(days=1)).isoformat()
    elif preset is not Preset.THIS_MONTH:
        query["period"] = preset.value
    for name, field in FIELDS.items():
        query.setlist(name, [value or NOBODY for value in getattr(filters, field)])
        if not query.getlist(name):
            del query[name]
    return query


def narrowed(filters: CostFilters, name: str, value: str) -> CostFilters:
    """The same filters with one parameter (a name of FIELDS) narrowed to one value: what a drill-down does."""
    change: Any = {FIELDS[name]: (value,)}
    return replace(filters, **change)


def preset_period(preset: Preset, today: date) -> Period:
    """The days of a preset as of `today`; this month and this quarter go on to their end."""
    month = today.replace(day=1)
    if preset is Preset.LAST_MONTH:
        return Period((month - timedelta(days=1)).replace(day=1), month)
    if preset is Preset.QUARTER:
        first = month.replace(month=3 * ((month.month - 1) // 3) + 1)
        return Period(first, months_after(first, 3))
    return Period(month, months_after(month, 1))


def months_after(first: date, months: int) -> date:
    """The first day of the month that many months after the one that begins on `first`."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


_NO_NAMES = _("Only leads see whose use it was. Your own is under “My use”")
_MESSAGES: Mapping[str, "str | Promise"] = {
    "period": _("“%(value)s” is no period. Choose this_month, last_month, quarter or custom"),
    "date": _("“%(value)s” is no date. Write it as 2026-11-20"),
    "missing": _("Enter both the first and the last day"),
    "order": _("The last day must not be before the first"),
    "years": _("Choose a period of at most three years"),
}


def _period(query: QueryDict, today: date, faults: list[FilterFault]) -> tuple[Preset, Period]:
    given = query.get("period") or (Preset.CUSTOM if query.get("from") or query.get("to") else "")
    if given and given not in set(Preset):
        faults.append(_fault("period", "period", given))
    preset = Preset(given) if given in set(Preset) else Preset.THIS_MONTH
    if preset is not Preset.CUSTOM:
        return preset, preset_period(preset, today)
    first, last = _date(query, "from", faults), _date(query, "to", faults)
    if first is None or last is None:
        return preset, preset_period(Preset.THIS_MONTH, today)
    if last < first:
        faults.append(_fault("to", "order"))
        last = first
    if (last - first).days >= MOST_DAYS:
        faults.append(_fault("to", "years"))
        last = first
    return preset, Period(first, last + timedelta(days=1))


def _date(query: QueryDict, name: str, faults: list[FilterFault]) -> date | None:
    text = (query.get(name) or "").strip()
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        faults.append(_fault(name, "date", text))
        return None
    if found is None:
        faults.append(_fault(name, "missing"))
    elif not date(2000, 1, 1) <= found <= date(2999, 12, 31):
        faults.append(_fault(name, "date", text))
        return None
    return found


def _values(query: QueryDict, name: str, faults: list[FilterFault]) -> tuple[str, ...]:
    given = [value for value in dict.fromkeys(query.getlist(name)) if value]
    if len(given) > MOST_VALUES:
        faults.append(FilterFault(name, "many", _too_many()))
    if any(len(value) > LONGEST or "\0" in value for value in given):
        faults.append(FilterFault(name, "value", _("A value is longer than any name")))
        return ()
    return tuple("" if value == NOBODY else value for value in given[:MOST_VALUES])


def _fault(field: str, code: str, value: str = "") -> FilterFault:
    return FilterFault(field, code, _MESSAGES[code] % {"value": value[:60]} if value else _MESSAGES[code])


def _too_many() -> "str | Promise":
    said = ngettext_lazy("Choose at most %(n)d value", "Choose at most %(n)d values", MOST_VALUES)
    return said % {"n": MOST_VALUES}


def parameters(filters: CostFilters) -> Iterable[tuple[str, tuple[str, ...]]]:
    """(parameter, values) of everything but the period that narrows something."""
    return [(name, given) for name, field in FIELDS.items() if (given := getattr(filters, field))]
