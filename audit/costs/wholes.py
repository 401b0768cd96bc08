"""Sums of whole days for pages of the organisation, made from the sums of keys whenever those change."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

MEASURES = "held_ms, measured_ms, active_ms, busy_ms, unpriced_ms, cost, idle_cost, measured_cost"
WHOLES = {
    "costs_teamtotal": "team",
    "costs_placeday": "gpu_type, cluster, pricing_class, metric",
    "costs_imageday": "repository, digest",
}
"""Each table and what it tells apart, day by day."""
_MORE = {
    "costs_teamtotal": ("loose_cost", "coalesce(sum(cost) FILTER (WHERE project = ''), 0)"),
    "costs_imageday": ("image", "max(image)"),
}
_REBUILD = """
DELETE FROM {table} WHERE day = ANY(%(days)s);
INSERT INTO {table} (day, {keys}, {names}, {measures})
SELECT day, {keys}, {values}, {sums}
  FROM (SELECT day, key_id, {measures} FROM costs_daytotal WHERE day = ANY(%(days)s)) d
  JOIN (SELECT id AS key_id, {keys}, project, image FROM costs_usagekey) k USING (key_id) GROUP BY day, {keys}
"""


def rebuild_whole_days(days: Sequence[date]) -> None:
    """Add these days up again, of each team, place and image: part of the transaction that changed the keys' sums."""
    with connection.cursor() as cursor:
        for table in WHOLES:
            for statement in statement_of(table).split(";"):
                cursor.execute(statement, {"days": list(days)})


def statement_of(table: str) -> str:
    """What makes the rows of one of WHOLES for `%(days)s`."""
    names, values = _MORE.get(table, ("", ""))
    sums = ", ".join(f"sum({name})" for name in MEASURES.split(", "))
    parts = {
        "table": table,
        "keys": WHOLES[table],
        "names": names,
        "values": values,
        "measures": MEASURES,
        "sums": sums,
    }
    return _REBUILD.format_map(parts).replace(", ,", ",")
