"""What every page of costs has: who asks, for what, the filter form, chips, units, and addresses that keep them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from audit.costs.types import By, CostFilters, CostScope, Period, Standing
from grants.directory.standing import Standing as Viewer
from portal.edges.cost_filters import NOBODY, Asked, Preset, parameters, read_filters, write_filters
from portal.edges.cost_names import CostNames
from portal.pages.access import viewer_of
from portal.pages.costs.forms import LABELS, WHAT, CostFilterForm, said
from portal.pages.costs.trust import trust_of
from portal.pages.costs.wording import Measure, Unit, period_text
from portal.pages.filters import without
from portal.pages.shell import topic_versions

TOPIC = "costs"
PERIOD = ("period", "from", "to")


@dataclass(frozen=True)
class Frame:
    """One asking for a page of costs. `team`: of a team's page, else empty; `fixed`: parameters the path says."""

    request: HttpRequest
    query: QueryDict
    viewer: Viewer
    now: datetime
    asked: Asked
    scope: CostScope
    team: str = ""
    fixed: tuple[str, ...] = ()

    @cached_property
    def filters(self) -> CostFilters:
        """What the page is narrowed to, up to today: so that it is compared with as much of the time before."""
        filters, tomorrow = self.asked.filters, self.today + timedelta(days=1)
        if not filters.period.first < tomorrow < filters.period.after:
            return filters
        return replace(filters, period=Period(filters.period.first, tomorrow))

    @property
    def narrowed(self) -> bool:
        """Whether the page shows less than everything of its team, or of the scope."""
        return any(name not in self.fixed for name, _values in parameters(self.filters))

    @property
    def unit(self) -> Unit:
        """What charts and shares are shown in; money unless the address says hours."""
        return Unit.HOURS if self.query.get("unit") == Unit.HOURS else Unit.MONEY

    @cached_property
    def today(self) -> date:
        """The day in the reporting time zone."""
        return timezone.localdate(self.now)

    def whole_days(self, days: Sequence[Decimal]) -> Sequence[Decimal]:
        """The cost of the days that are over: a sparkline would fall on today, which has only begun."""
        return days[:-1] if self.filters.period.after > self.today else days

    def link(self, path: str = "", **values: str) -> str:
        """An address with the same filters and unit, some set anew: what a drill-down leads to."""
        path = path or self.request.path
        fixed = self.fixed if path == self.request.path else ()
        query = {name: given for name, given in self._kept.items() if name not in fixed}
        query |= {name: [value or NOBODY] for name, value in values.items()}
        if self.unit is Unit.HOURS:
            query["unit"] = [Unit.HOURS]
        return f"{path}?{urlencode(query, doseq=True)}" if query else path

    @cached_property
    def _kept(self) -> dict[str, list[str]]:
        """What links keep of the address: read once, for every row has a link."""
        query = write_filters(self.asked.filters, self.asked.preset)
        return {name: [str(value) for value in values] for name, values in query.lists()}

    def day_link(self, day: date) -> str:
        """The page of one day, narrowed as this one is."""
        filters = write_filters(self.asked.filters, Preset.THIS_MONTH)
        if self.unit is Unit.HOURS:
            filters["unit"] = Unit.HOURS
        path = reverse("costs-day", args=[day.isoformat()])
        return f"{path}?{filters.urlencode()}" if filters else path


def frame_of(request: HttpRequest, scope: CostScope, *, team: str = "", day: date | None = None) -> Frame:
    """Read the address of a page; the page of a team or of a day is of that alone, whatever the address says."""
    now, given = timezone.now(), _given(request, day)
    asked = read_filters(given, today=timezone.localdate(now), persons=scope.names)
    if team:
        asked = replace(asked, filters=replace(asked.filters, teams=(team,)))
    fixed = ("team",) if team else PERIOD if day else ()
    return Frame(request, given, viewer_of(request), now, asked, scope, team, fixed)


def _given(request: HttpRequest, day: date | None) -> QueryDict:
    if day is None:
        return request.GET
    query = request.GET.copy()
    for name in PERIOD:
        query.pop(name, None)
    query["from"] = query["to"] = day.isoformat()
    return query


def shown(
    frame: Frame, standing: Standing, menus: Mapping[By, Sequence[str]], names: CostNames
) -> dict[str, Any]:
    """The context of what stands around the figures of every page."""
    form = CostFilterForm(frame.query, frame.asked, menus, names, frame.fixed)
    version = topic_versions(frame.request, [TOPIC, *_own_topics(frame)])[TOPIC]
    return {
        "frame": frame,
        "form": form,
        "chips": chips_of(frame, names),
        "clear_url": frame.request.path,
        "units": units_of(frame, standing.currency),
        "period": period_text(frame.asked.filters.period),
        "standing": standing,
        "trust": trust_of(standing, names),
        "measure": Measure(frame.unit, standing.currency),
        "topic": TOPIC,
        "version": version,
        "news_url": f"{reverse('costs-news')}?drawn={version}&team={frame.team}",
        "download_query": list(_pairs(write_filters(frame.asked.filters, frame.asked.preset))),
    }


def _own_topics(frame: Frame) -> list[str]:
    """The topics of the frame's counts, which are read along: the frame asks for them later."""
    number = frame.viewer.person.pk
    return [f"inbox:{number}", f"person:{number}"]


def faulty(frame: Frame) -> dict[str, Any]:
    """The context of a page whose address cannot be read: the form with every fault, and no figure."""
    form = CostFilterForm(frame.query, frame.asked, {}, CostNames(), frame.fixed)
    return {"frame": frame, "form": form, "faulty": True, "clear_url": frame.request.path, "period": ""}


def _pairs(query: QueryDict) -> Iterator[tuple[str, str]]:
    return ((name, str(value)) for name, values in query.lists() for value in values)


def chips_of(frame: Frame, names: CostNames) -> list[tuple[str, str]]:
    """(label, address without it) for each filter that is set."""
    chips = [
        (_chip(name, values, names), without(frame.request, name))
        for name, values in parameters(frame.filters)
        if name not in frame.fixed
    ]
    if frame.asked.preset is Preset.CUSTOM and "period" not in frame.fixed:
        chips.append((period_text(frame.asked.filters.period), without(frame.request, *PERIOD)))
    return chips


def units_of(frame: Frame, currency: str) -> list[dict[str, Any]]:
    """The switch between money and GPU hours, as tabs."""
    links = []
    for unit in Unit:
        query = frame.request.GET.copy()
        query.pop("csv", None)
        query["unit"] = unit.value
        name = Measure(unit, currency).name
        links.append(
            {"label": name, "url": f"?{query.urlencode()}", "current": unit is frame.unit, "count": None}
        )
    return links


def _chip(name: str, values: Sequence[str], names: CostNames) -> str:
    texts = ", ".join(said(WHAT[name], value, names) for value in values)
    return _("%(what)s: %(value)s") % {"what": LABELS[name], "value": texts}
