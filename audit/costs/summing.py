"""Adding up use: totals, the figures on top of a page, and who used an image or a grant."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from audit.costs.narrowing import MEASURES, TEAM_TOTALS, Rows, ask, narrowed, sees_teams, small_table, sums_of
from audit.costs.planning import Adopter, Overview, Unused
from audit.costs.shares import shared
from audit.costs.types import ZERO, By, CostFilters, CostScope, Period, Sums
from audit.costs.unused import conditions

_OVERVIEW = """
SELECT 'use', day >= %s, team = '', {sums}, coalesce(sum(loose_cost), 0) FROM rows
 WHERE day >= %s OR day < %s GROUP BY 2, 3
UNION ALL
SELECT 'unused', day >= %s, false, coalesce(sum(unused_ms), 0)::bigint, {zeros}, coalesce(sum(unused_cost), 0), 0, 0, 0
  FROM costs_reservationday WHERE {spare} AND (day >= %s AND day < %s OR day >= %s AND day < %s) GROUP BY 2
"""


def totals(scope: CostScope, filters: CostFilters) -> Sums:
    """The measures of everything in the scope and filters, added up: one query."""
    return sums_of(narrowed(scope, filters).ask("SELECT {sums} FROM rows")[0])


def overview(
    scope: CostScope, filters: CostFilters, *, weights: Mapping[str, Decimal] | None = None
) -> Overview:
    """The figures on top of a page, with those of the period before (`Period.before`).

    Shared cost (F8) is that of the teams seen, of all teams for viewers of everything.
    """
    now, past = filters.period, filters.period.before
    use, spare, loose = _use(scope, filters)
    return Overview(
        now=sum((sums for (is_now, _), sums in use.items() if is_now), Sums()),
        before=sum((sums for (is_now, _), sums in use.items() if not is_now), Sums()),
        unused=spare.get(True, Unused()),
        unused_before=spare.get(False, Unused()),
        shared=_shared(scope, filters, now, weights),
        shared_before=_shared(scope, filters, past, weights),
        unattributed=use.get((True, True), Sums()) if scope.everything else Sums(),
        without_project=loose,
    )


def adopters(scope: CostScope, filters: CostFilters) -> list[Adopter]:
    """The teams in the scope that used what the filters name, usually one image (T6); most costly first."""
    rows = narrowed(scope, filters, bys=[By.TEAM, By.PERSON])
    found = rows.ask(
        ", people AS (SELECT team, person, max(day) AS day, {sums} FROM rows GROUP BY team, person)"
        " SELECT team, count(*) FILTER (WHERE person <> ''), max(day), {sums} FROM people"
        " GROUP BY team ORDER BY sum(cost) DESC, team"
    )
    return [Adopter(team, people, sums_of(sums), last) for team, people, last, *sums in found]


def first_day(scope: CostScope) -> date | None:
    """The first day with use in the scope; None: there never was any."""
    teams = sees_teams(scope, CostFilters(Period(date.min, date.max)))
    found = ask(
        "SELECT min(day) FROM costs_teamtotal WHERE %s OR team = ANY(%s)", [teams is None, list(teams or ())]
    )
    own = [] if scope.everything or not scope.person else ask(
        "SELECT min(first) FROM costs_usagekey k, LATERAL (SELECT min(day) AS first FROM costs_daytotal"
        " WHERE key_id = k.id) d WHERE k.person = %s",
        [scope.person],
    )  # fmt: skip
    return min((day for (day,) in (*found, *own) if day), default=None)


def _use(
    scope: CostScope, filters: CostFilters
) -> tuple[dict[tuple[bool, bool], Sums], dict[bool, Unused], Decimal | None]:
    """Sums by (now, without team), unused reservations by (now), and cost without a project (None: not told)."""
    now, past = filters.period, filters.period.before
    rows, told = _loose_rows(scope, filters, Period(past.first, now.after))
    where = conditions(scope, filters) or ("false", [])
    found = rows.ask(
        _OVERVIEW,
        [
            now.first,
            now.first,
            past.after,
            now.first,
            *where[1],
            past.first,
            past.after,
            now.first,
            now.after,
        ],
        zeros=", ".join("0" for name in MEASURES[1:] if not name.endswith("cost")),
        spare=where[0].removeprefix(" AND ") or "true",
    )
    use = {(is_now, bare): sums_of(row[:8]) for what, is_now, bare, *row in found if what == "use"}
    spare = {is_now: Unused(row[0], row[5]) for what, is_now, _, *row in found if what == "unused"}
    loose = sum((row[8] for what, is_now, bare, *row in found if what == "use" and is_now and not bare), ZERO)
    return use, spare, loose if told else None


def _loose_rows(scope: CostScope, filters: CostFilters, span: Period) -> tuple[Rows, bool]:
    """Rows with `team` and `loose_cost`, the cost without a project; False: nothing small enough tells it."""
    table = small_table(scope, filters, [By.TEAM])
    if table == TEAM_TOTALS:
        return narrowed(scope, filters, bys=[By.TEAM], period=span, extra="d.loose_cost"), True
    if table and sees_teams(scope, filters) is None:
        return narrowed(scope, filters, bys=[By.TEAM], period=span, extra="0 AS loose_cost"), False
    loose = "CASE WHEN k.project = '' THEN d.cost ELSE 0 END AS loose_cost"
    return narrowed(scope, filters, bys=[By.TEAM, By.PROJECT], period=span, extra=loose), True


def _shared(
    scope: CostScope, filters: CostFilters, period: Period, weights: Mapping[str, Decimal] | None
) -> Decimal:
    teams = sees_teams(scope, filters)
    lines = shared(replace(filters, period=period, teams=teams or ()), weights=weights)
    return ZERO if teams == () else sum((one.amount for one in lines.values()), ZERO)
