"""The values that filters can be set to."""

from collections.abc import Sequence

from audit.costs.narrowing import COLUMNS, ask, narrowed, sees_teams, small_table
from audit.costs.planning import Choices
from audit.costs.types import By, CostFilters, CostScope

MOST_CHOICES = 200
MENUS = (By.TEAM, By.PROJECT, By.PERSON, By.IMAGE, By.GPU_TYPE, By.CLUSTER, By.PRICING_CLASS)

# Steps from value to value along the index, so that it takes as long as there are values, not keys.
_SKIP = """
WITH RECURSIVE step AS (
    (SELECT {name} AS value, 1 AS n FROM costs_usagekey k ORDER BY {name} LIMIT 1)
    UNION ALL
    SELECT (SELECT {name} FROM costs_usagekey k WHERE {name} > step.value ORDER BY {name} LIMIT 1), n + 1
      FROM step WHERE step.value IS NOT NULL AND n <= %s)
SELECT value FROM step WHERE value IS NOT NULL
"""


def choices(scope: CostScope, filters: CostFilters, *, bys: Sequence[By] | None = None) -> Choices:
    """The values each filter can be set to in the scope and period, most costly first.

    Other filters are left aside, so that a choice can be changed as well as narrowed; only the teams filtered
    by are kept. At most MOST_CHOICES of each are given. For the whole organisation projects, people and
    images are those of all time, by name.
    """
    wide = CostFilters(period=filters.period, teams=filters.teams)
    asked = list(dict.fromkeys(bys or MENUS))
    whole = sees_teams(scope, wide) is None
    listed = [by for by in asked if whole and small_table(scope, wide, (by,)) is None]
    found = {by: _every(by) for by in listed} | _ranked(scope, wide, [by for by in asked if by not in listed])
    more = frozenset(by for by, values in found.items() if len(values) > MOST_CHOICES)
    return Choices({by: tuple(found[by][:MOST_CHOICES]) for by in asked}, more)


def _every(by: By) -> list[str]:
    return [value for (value,) in ask(_SKIP, [MOST_CHOICES], name=COLUMNS[by])]


def _ranked(scope: CostScope, filters: CostFilters, bys: Sequence[By]) -> dict[By, list[str]]:
    found: dict[By, list[str]] = {by: [] for by in bys}
    for group in _groups(scope, filters, bys):
        names = [f'"{by.value}"' for by in group]
        whens = " ".join(f"WHEN grouping({name}) = 0 THEN {n}" for n, name in enumerate(names))
        told = narrowed(scope, filters, bys=group).ask(
            "SELECT CASE {whens} END, coalesce({values}) AS value FROM rows GROUP BY GROUPING SETS ({sets})"
            " ORDER BY sum(cost) DESC, sum(held_ms) DESC, value",
            whens=whens, values=", ".join(names), sets=", ".join(f"({name})" for name in names),
        )  # fmt: skip
        for n, value in told:
            found[group[n]].append(value)
    return found


def _groups(scope: CostScope, filters: CostFilters, bys: Sequence[By]) -> list[list[By]]:
    """What is read together: everything of a team; of the whole organisation what stands in one small table."""
    if sees_teams(scope, filters) is not None:
        return [list(bys)] if bys else []
    tables: dict[str | None, list[By]] = {}
    for by in bys:
        tables.setdefault(small_table(scope, filters, (by,)), []).append(by)
    return list(tables.values())
