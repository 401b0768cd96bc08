"""Adding up use: totals, breakdowns, values of filter menus, teams that use an image."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from audit.costs.narrowing import ask, narrowed, sees_teams, sums_of
from audit.costs.planning import Adopter, Choices, GrantUse, Overview, Unused
from audit.costs.shares import shared
from audit.costs.types import ZERO, By, CostFilters, CostScope, Line, Period, Sums

SPARK_DAYS = 30
MOST_CHOICES = 200
RESERVED = (By.TEAM, By.GPU_TYPE, By.CLUSTER)
"""What unused reservations can be told apart by."""


def totals(scope: CostScope, filters: CostFilters) -> Sums:
    """The measures of everything in the scope and filters, added up: one query."""
    rows = narrowed(scope, filters)
    return sums_of(rows.ask("SELECT {sums} FROM rows")[0])


def overview(
    scope: CostScope, filters: CostFilters, *, weights: Mapping[str, Decimal] | None = None
) -> Overview:
    """The figures on top of a page, with those of the period before (`Period.before`).

    Shared cost (F8) is that of the teams seen, of all teams for viewers of everything.
    """
    now, past = filters.period, filters.period.before
    bare, loose = _parts(scope, filters)
    return Overview(
        now=totals(scope, filters),
        before=totals(scope, replace(filters, period=past)),
        unused=unused(scope, filters),
        unused_before=unused(scope, filters, period=past),
        shared=_shared(scope, filters, now, weights),
        shared_before=_shared(scope, filters, past, weights),
        unattributed=bare,
        without_project=loose,
    )


def breakdown(scope: CostScope, filters: CostFilters, *, by: By) -> list[Line]:
    """One line for each value of `by`, those with the most idle cost first, then the most costly.

    Owners of reservations that nobody used have a line even when they held nothing. Persons whom the viewer
    may not tell apart are one line, REST.
    """
    return breakdowns(scope, filters, bys=[by])[by]


def breakdowns(scope: CostScope, filters: CostFilters, *, bys: Sequence[By]) -> dict[By, list[Line]]:
    """Several breakdowns of the same rows, as `breakdown` gives each."""
    return {by: _lines(scope, filters, by) for by in bys}


def unused(scope: CostScope, filters: CostFilters, *, period: Period | None = None) -> Unused:
    """What nobody used of the reservations of teams seen (F6); nothing when a filter is about use itself."""
    values = _unused_by(scope, filters, None, period or filters.period)
    return values.get("", Unused())


def choices(scope: CostScope, filters: CostFilters, *, bys: Sequence[By] | None = None) -> Choices:
    """The values each filter can be set to in the scope and period, most costly first.

    Other filters are left aside, so that a choice can be changed as well as narrowed; only the teams
    filtered by are kept. At most MOST_CHOICES of each are given.
    """
    asked = list(bys or (By.TEAM, By.PROJECT, By.PERSON, By.IMAGE, By.GPU_TYPE, By.CLUSTER, By.PRICING_CLASS))
    wide = CostFilters(period=filters.period, teams=filters.teams)
    values = {by: [line.value for line in _lines(scope, wide, by)] for by in asked}
    more = frozenset(by for by, found in values.items() if len(found) > MOST_CHOICES)
    return Choices({by: tuple(found[:MOST_CHOICES]) for by, found in values.items()}, more)


def adopters(scope: CostScope, filters: CostFilters) -> list[Adopter]:
    """The teams in the scope that used what the filters name, usually one image (T6); most costly first."""
    rows = narrowed(scope, filters, bys=[By.TEAM, By.PERSON])
    found = rows.ask(
        "SELECT team, count(DISTINCT nullif(person, '')), max(day), {sums}"
        " FROM rows GROUP BY team ORDER BY sum(cost) DESC, team"
    )
    return [Adopter(team, people, sums_of(sums), last) for team, people, last, *sums in found]


def first_day(scope: CostScope) -> date | None:
    """The first day with use in the scope; None: there never was any."""
    rows = narrowed(scope, CostFilters(Period(date(2000, 1, 1), date(2100, 1, 1))))
    found: date | None = rows.ask("SELECT min(day) FROM rows")[0][0]
    return found


def uses_of_grants(grants: Sequence[str], *, since: date) -> dict[tuple[str, str], GrantUse]:
    """Who held GPUs through each grant (labels) since a day, by (grant, person): one query (F22)."""
    found = ask(
        'SELECT k."grant", k.person, sum(d.held_ms)::bigint, sum(d.cost), max(d.day) FROM costs_usagekey k'
        ' JOIN costs_daytotal d ON d.key_id = k.id WHERE k."grant" = ANY(%s) AND d.day >= %s GROUP BY 1, 2',
        [list(grants), since],
    )
    return {(row[0], row[1]): GrantUse(*row) for row in found}


def _parts(scope: CostScope, filters: CostFilters) -> tuple[Sums, Sums]:
    """What has no team, and what has a team and no project."""
    rows = narrowed(scope, filters, bys=[By.TEAM, By.PROJECT])
    found = rows.ask("SELECT team = '', {sums} FROM rows WHERE team = '' OR project = '' GROUP BY 1")
    sums = {bare: sums_of(one) for bare, *one in found}
    return sums.get(True, Sums()), sums.get(False, Sums())


def _shared(
    scope: CostScope, filters: CostFilters, period: Period, weights: Mapping[str, Decimal] | None
) -> Decimal:
    teams = sees_teams(scope, filters)
    lines = shared(replace(filters, period=period, teams=teams or ()), weights=weights)
    return ZERO if teams == () else sum((one.amount for one in lines.values()), ZERO)


def _lines(scope: CostScope, filters: CostFilters, by: By) -> list[Line]:
    now, before = (
        _values(scope, filters, by, filters.period),
        _values(scope, filters, by, filters.period.before),
    )
    days, spare = _sparks(scope, filters, by), _unused_by(scope, filters, by, filters.period)
    names = {*now, *before, *spare}
    lines = [
        _line(name, now.get(name), before.get(name), spare.get(name, Unused()), days.get(name))
        for name in names
    ]
    return sorted(lines, key=lambda one: (-one.sums.idle_cost, -one.sums.cost, one.value))


def _line(value: str, now: Any, before: Any, spare: Unused, days: Any) -> Line:
    last, *sums = now or (None,)
    _, *past = before or (None,)
    return Line(value, Sums(*sums), Sums(*past), spare.ms, spare.cost, tuple(days or ()), last)


def _values(scope: CostScope, filters: CostFilters, by: By, period: Period) -> dict[str, tuple[Any, ...]]:
    rows = narrowed(scope, filters, bys=[by], period=period)
    found = rows.ask('SELECT "{by}", max(day), {sums} FROM rows GROUP BY 1', by=by.value)
    return {row[0]: row[1:] for row in found}


def _sparks(scope: CostScope, filters: CostFilters, by: By) -> dict[str, list[Decimal]]:
    last = Period(
        max(filters.period.first, filters.period.after - timedelta(days=SPARK_DAYS)), filters.period.after
    )
    rows = narrowed(scope, filters, bys=[by], period=last)
    sparks: dict[str, list[Decimal]] = {}
    for value, day, cost in rows.ask('SELECT "{by}", day, sum(cost) FROM rows GROUP BY 1, 2', by=by.value):
        sparks.setdefault(value, [ZERO] * last.days)[(day - last.first).days] = cost
    return sparks


def _unused_by(scope: CostScope, filters: CostFilters, by: By | None, period: Period) -> dict[str, Unused]:
    about_use = filters.projects or filters.persons or filters.images or filters.versions or filters.grants
    if about_use or (by is not None and by not in RESERVED):
        return {}
    if filters.pricing_classes and "reserved" not in filters.pricing_classes:
        return {}
    teams = sees_teams(scope, filters)
    found = ask(
        "SELECT {by}, coalesce(sum(unused_ms), 0)::bigint, coalesce(sum(unused_cost), 0)"
        " FROM costs_reservationday WHERE day >= %s AND day < %s AND (%s OR team = ANY(%s))"
        " AND (%s OR gpu_type = ANY(%s)) AND (%s OR cluster = ANY(%s)) GROUP BY 1",
        [
            period.first, period.after, teams is None, list(teams or ()),
            not filters.gpu_types, list(filters.gpu_types), not filters.clusters, list(filters.clusters),
        ],
        by=by.value if by else "NULL",
    )  # fmt: skip
    return {value or "": Unused(ms, cost) for value, ms, cost in found}
