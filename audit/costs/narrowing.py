"""From who asks and what is asked to the rows that are read: which sums, which keys, which days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from audit.costs.types import REST, By, CostFilters, CostScope, Period, Sums

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
TEAM_DAYS = frozenset({By.TEAM, By.GPU_TYPE, By.CLUSTER, By.PRICING_CLASS})
"""What the sums of a team and day tell apart; everything else needs the sums of keys."""
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


@dataclass(frozen=True, slots=True)
class Rows:
    """Narrowed rows as SQL: `sql` is the body of a table `rows` with a column `day`, those asked, and MEASURES."""

    sql: str
    params: tuple[Any, ...]

    def ask(self, select: str, params: Iterable[Any] = (), **parts: str) -> list[tuple[Any, ...]]:
        """The answer to a `select` from `rows`; `{sums}` in it adds every measure up, `{name}` is a part."""
        return ask(
            "WITH rows AS ({rows}) " + select, [*self.params, *params], rows=self.sql, sums=SUMS, **parts
        )


@dataclass(slots=True)
class _Where:
    """Conditions being gathered."""

    parts: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def add(self, part: str, *params: Any) -> None:
        self.parts.append(part)
        self.params.extend(params)

    @property
    def sql(self) -> str:
        return " AND ".join(self.parts) or "true"


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
    seen = scope.teams - {""}
    return tuple(sorted(seen & set(filters.teams) if filters.teams else seen))


def own_too(scope: CostScope, filters: CostFilters) -> bool:
    """Whether the viewer's own use outside the teams they see has to be added."""
    if scope.everything or not scope.person:
        return False
    return not filters.teams or not set(filters.teams) <= scope.teams


def column(by: By, scope: CostScope, alias: str = "k") -> tuple[str, tuple[Any, ...]]:
    """What tells rows apart, as SQL. Persons whom the viewer may not tell apart become REST."""
    name = f"{alias}.{COLUMNS[by]}"
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
) -> Rows:
    """The rows of the scope and filters, in `period` (else the filters' own), with a column for each of `bys`.

    Sums of teams are read where they tell enough apart, sums of keys otherwise, sums of hours where `hours`
    are asked (then `day` is the start of the hour). Columns are named by the value of their By; `extra` is
    one more column of the keys (`k`).
    """
    span, bys = period or filters.period, tuple(dict.fromkeys(bys))
    plain = {*bys, *wanted(filters)} <= TEAM_DAYS and not own_too(scope, filters) and not (hours or extra)
    if plain:
        return _team_days(scope, filters, bys, span)
    day, table = ("d.hour AS day", "costs_hourtotal") if hours else ("d.day", "costs_daytotal")
    names, given = _columns(scope, bys)
    where = _Where(["d.day >= %s", "d.day < %s"], [span.first, span.after])
    _narrow_keys(where, scope, filters)
    _narrow_scope(where, scope, filters, "k.team" if hours else "d.team")
    sql = filled(
        "SELECT {day}{names}, {measures} FROM {table} d JOIN costs_usagekey k ON k.id = d.key_id WHERE {where}",
        day=day, names=names + (extra and f", {extra}"), measures=_OWN, table=table, where=where.sql,
    )  # fmt: skip
    return Rows(sql, (*given, *where.params))


def _team_days(scope: CostScope, filters: CostFilters, bys: tuple[By, ...], span: Period) -> Rows:
    where = _Where(["d.day >= %s", "d.day < %s"], [span.first, span.after])
    for by, values in wanted(replace(filters, teams=())).items():
        where.add(f"d.{COLUMNS[by]} = ANY(%s)", list(values))
    _narrow_scope(where, scope, filters, "d.team")
    names = "".join(f', d.{COLUMNS[by]} AS "{by.value}"' for by in bys)
    sql = filled(
        "SELECT d.day{names}, {measures} FROM costs_teamday d WHERE {where}",
        names=names, measures=_OWN, where=where.sql,
    )  # fmt: skip
    return Rows(sql, tuple(where.params))


def _columns(scope: CostScope, bys: tuple[By, ...]) -> tuple[str, list[Any]]:
    chosen = [column(by, scope) for by in bys]
    names = "".join(f', {sql} AS "{by.value}"' for by, (sql, _) in zip(bys, chosen, strict=True))
    return names, [value for _, values in chosen for value in values]


def _narrow_keys(where: _Where, scope: CostScope, filters: CostFilters) -> None:
    for by, values in wanted(replace(filters, teams=())).items():
        told = values
        if by is By.PERSON and not (scope.everything or scope.names):
            told = tuple(set(values) & {"", scope.person})
        where.add(f"k.{COLUMNS[by]} = ANY(%s)", list(told))


def _narrow_scope(where: _Where, scope: CostScope, filters: CostFilters, team: str) -> None:
    teams = sees_teams(scope, filters)
    if teams is None:
        return
    if not own_too(scope, filters):
        where.add(f"{team} = ANY(%s)", list(teams))
        return
    where.add(f"({team} = ANY(%s) OR k.person = %s)", list(teams), scope.person)
    if filters.teams:
        where.add(f"{team} = ANY(%s)", list(filters.teams))
