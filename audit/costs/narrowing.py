"""From who asks and what is asked to the rows that are read: which sums, which keys, which days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from audit.costs.types import REST, UNATTRIBUTED, By, CostFilters, CostScope, Period, Sums

MEASURES = (
    "held_ms", "measured_ms", "active_ms", "busy_ms", "unpriced_ms", "cost", "idle_cost", "measured_cost",
)  # fmt: skip
SUMS = ", ".join(
    f"coalesce(sum({name}), 0){'' if name.endswith('cost') else '::bigint'} AS {name}" for name in MEASURES
)
_OWN = ", ".join(f"d.{name}" for name in MEASURES)
COLUMNS = {
    By.TEAM: "team",
    By.PROJECT: "project",
    By.PERSON: "person",
    By.IMAGE: "repository",
    By.VERSION: "digest",
    By.GPU_TYPE: "gpu_type",
    By.CLUSTER: "cluster",
    By.PRICING_CLASS: "pricing_class",
    By.GRANT: '"grant"',
}
FILTERS = {
    By.TEAM: "teams",
    By.PROJECT: "projects",
    By.PERSON: "persons",
    By.IMAGE: "images",
    By.VERSION: "versions",
    By.GPU_TYPE: "gpu_types",
    By.CLUSTER: "clusters",
    By.PRICING_CLASS: "pricing_classes",
    By.GRANT: "grants",
}
PLACES = frozenset({By.GPU_TYPE, By.CLUSTER, By.PRICING_CLASS})
TEAM_TOTALS, PLACE_DAYS = "costs_teamtotal", "costs_placeday"
_SMALL = (
    (TEAM_TOTALS, frozenset({By.TEAM}), True),
    (PLACE_DAYS, PLACES, False),
    ("costs_imageday", frozenset({By.IMAGE, By.VERSION}), False),
    ("costs_teamday", PLACES | {By.TEAM}, True),
)
"""Tables of few rows a day, the smallest first: what they tell apart, and whether teams are among it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Narrowed rows as SQL: `sql` is the body of a table `rows` with `day`, the columns asked, and MEASURES."""

    sql: str
    params: tuple[Any, ...]

    def ask(self, select: str, params: Iterable[Any] = (), **parts: str) -> list[tuple[Any, ...]]:
        """The answer to a `select` from `rows`; `{sums}` in it adds every measure up, `{name}` is a part."""
        return ask(
            "WITH rows AS ({rows}) " + select, [*self.params, *params], rows=self.sql, sums=SUMS, **parts
        )


@dataclass(frozen=True, slots=True)
class _Where:
    """Conditions with their parameters."""

    sql: str
    params: tuple[Any, ...]


def ask(template: str, params: Iterable[Any] = (), **parts: str) -> list[tuple[Any, ...]]:
    """The rows of one query: `{name}` in the template is SQL of this room, `%s` a value of whoever asks."""
    with connection.cursor() as cursor:
        cursor.execute(filled(template, **parts), list(params))
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def filled(template: str, **parts: str) -> str:
    """A template with its parts, which are SQL of this room and never a value of whoever asks."""
    return template.format_map(parts)


def sums_of(row: Iterable[Any]) -> Sums:
    """MEASURES in their order, as Sums."""
    return Sums(*row)


def wanted(filters: CostFilters) -> Mapping[By, tuple[str, ...]]:
    """The filters that narrow anything, by what they narrow."""
    values = {by: getattr(filters, name) for by, name in FILTERS.items()}
    return {by: chosen for by, chosen in values.items() if chosen}


def sees_teams(scope: CostScope, filters: CostFilters) -> tuple[str, ...] | None:
    """The teams of which whole sums may be read; None: all, and what has no team as well."""
    if scope.everything:
        return filters.teams or None
    seen = scope.teams - {UNATTRIBUTED}
    return tuple(sorted(seen & set(filters.teams) if filters.teams else seen))


def own_too(scope: CostScope, filters: CostFilters) -> bool:
    """Whether the viewer's own use outside the teams they see has to be added."""
    if scope.everything or not scope.person:
        return False
    return not filters.teams or not set(filters.teams) <= scope.teams


def column(by: By, scope: CostScope) -> tuple[str, tuple[Any, ...]]:
    """What tells the keys `k` apart, as SQL. Persons whom the viewer may not tell apart become REST."""
    name = f"k.{COLUMNS[by]}"
    if by is not By.PERSON or scope.everything or scope.names:
        return name, ()
    return f"CASE WHEN {name} IN ('', %s) THEN {name} ELSE %s END", (scope.person, REST)


def narrowed(
    scope: CostScope,
    filters: CostFilters,
    *,
    bys: Iterable[By] = (),
    period: Period | None = None,
    hours: bool = False,
    extra: str = "",
    keys: bool = False,
) -> Rows:
    """The rows of the scope and filters, in `period` (else the filters' own), with a column for each of `bys`.

    The smallest table that tells enough apart is read. With `hours` sums of hours are (then `day` is the start
    of the hour). Columns are named by the value of their By; `extra` is SQL of more columns of what is read (`d`, and
    `k` its keys where sums of keys are): who names columns of keys says so by `keys`.
    """
    span, bys = period or filters.period, tuple(dict.fromkeys(bys))
    small = None if hours or keys else small_table(scope, filters, bys)
    if small:
        return _small_rows(small, scope, filters, bys, span, extra)
    chosen = [column(by, scope) for by in bys]
    names = "".join(f', {sql} AS "{by.value}"' for by, (sql, _) in zip(bys, chosen, strict=True))
    given = [value for _, values in chosen for value in values]
    table = "costs_hourtotal" if hours else "costs_daytotal"
    legs = [_leg(table, names + (extra and f", {extra}"), leg, span) for leg in _legs(scope, filters)]
    params = [value for leg in legs for value in (*given, *leg.params)]
    return Rows(" UNION ALL ".join(leg.sql for leg in legs), tuple(params))


def small_table(scope: CostScope, filters: CostFilters, bys: Iterable[By]) -> str | None:
    """The smallest table of few rows a day that tells enough apart; None: sums of keys have to be read."""
    teams = sees_teams(scope, filters)
    needs = ({*bys, *wanted(filters)} - {By.TEAM}) | (
        {By.TEAM} if teams is not None or By.TEAM in bys else set()
    )
    if own_too(scope, filters):
        return None
    return next(
        (table for table, tells, of_teams in _SMALL if needs <= tells and (of_teams or teams is None)), None
    )


def key_filters(scope: CostScope, filters: CostFilters) -> list[tuple[str, Any]]:
    """Conditions on keys that the filters make, teams apart; persons not to be told apart match nothing."""
    hidden = not (scope.everything or scope.names)
    seen = {UNATTRIBUTED, scope.person}
    return [
        (
            f"k.{COLUMNS[by]} = ANY(%s)",
            [one for one in values if not (hidden and by is By.PERSON) or one in seen],
        )
        for by, values in wanted(filters).items()
        if by is not By.TEAM
    ]


def _small_rows(
    table: str, scope: CostScope, filters: CostFilters, bys: tuple[By, ...], span: Period, extra: str
) -> Rows:
    names = "".join(f', d.{COLUMNS[by]} AS "{by.value}"' for by in bys) + (extra and f", {extra}")
    chosen = {f"d.{COLUMNS[by]}": list(values) for by, values in wanted(filters).items()}
    teams = sees_teams(scope, filters)
    if teams is not None:
        chosen["d.team"] = list(teams)
    sql = filled(
        "SELECT d.day{names}, {own} FROM {table} d WHERE d.day >= %s AND d.day < %s{where}",
        names=names, own=_OWN, table=table, where="".join(f" AND {name} = ANY(%s)" for name in chosen),
    )  # fmt: skip
    return Rows(sql, (span.first, span.after, *chosen.values()))


def _legs(scope: CostScope, filters: CostFilters) -> list[_Where]:
    """Conditions on keys: those of teams seen whole, and the viewer's own elsewhere. Each finds keys by an index."""
    chosen, teams = key_filters(scope, filters), sees_teams(scope, filters)
    narrow = "".join(f" AND {sql}" for sql, _ in chosen)
    values = tuple(value for _, value in chosen)
    if teams is None:
        return [_Where(f"true{narrow}", values)]
    legs = [_Where(f"k.team = ANY(%s){narrow}", (list(teams), *values))]
    if own_too(scope, filters):
        among = " AND k.team = ANY(%s)" if filters.teams else ""
        more = (list(filters.teams),) if filters.teams else ()
        own = f"k.person = %s AND k.team <> ALL(%s){among}{narrow}"
        legs.append(_Where(own, (scope.person, list(teams), *more, *values)))
    return legs if teams or len(legs) == 1 else legs[1:]


def _leg(table: str, names: str, keys: _Where, span: Period) -> Rows:
    day = "d.hour AS day" if table == "costs_hourtotal" else "d.day"
    sql = filled(
        "SELECT {day}{names}, {own} FROM {table} d JOIN costs_usagekey k ON k.id = d.key_id"
        " WHERE d.day >= %s AND d.day < %s AND {keys}",
        day=day, names=names, own=_OWN, table=table, keys=keys.sql,
    )  # fmt: skip
    return Rows(sql, (span.first, span.after, *keys.params))
