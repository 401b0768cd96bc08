"""Keys that differ from the one brought only by how activity was measured and which reservation was used."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import sql

from audit.costs.dimensions import KEY_FIELDS

_CHANGED = ("metric", "reservation")
_OF_BASE = sql.SQL(", ").join(
    sql.SQL("{}.{}").format(sql.Identifier("w" if name in _CHANGED else "k"), sql.Identifier(name))
    for name in KEY_FIELDS
)
_NAMES = sql.SQL(", ").join(map(sql.Identifier, KEY_FIELDS))
_STATEMENTS = (
    sql.SQL("DROP TABLE IF EXISTS pg_temp.costs_variant"),
    sql.SQL(
        """
        CREATE TEMP TABLE costs_variant ON COMMIT DROP AS
        SELECT w.base_id, {of_base}, costs_hash(VARIADIC ARRAY[{of_base}]) AS hash, NULL::bigint AS id
        FROM (SELECT DISTINCT base_id, metric, reservation FROM costs_wanted) w
        JOIN costs_usagekey k ON k.id = w.base_id
        """
    ).format(of_base=_OF_BASE),
    sql.SQL(
        """
        INSERT INTO costs_usagekey (hash, {names})
        SELECT DISTINCT ON (hash) hash, {names} FROM costs_variant ORDER BY hash
        ON CONFLICT (hash) DO NOTHING
        """
    ).format(names=_NAMES),
    sql.SQL("UPDATE costs_variant v SET id = k.id FROM costs_usagekey k WHERE k.hash = v.hash"),
    sql.SQL("ANALYZE costs_variant"),
)


def number_variants() -> None:
    """Make the table `costs_variant` of all (base_id, metric, reservation) in `costs_wanted`, with key numbers."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement)


def make_wanted(statement: str, parameters: Mapping[str, Any]) -> bool:
    """Run a statement that makes the table `costs_wanted` anew; returns whether it has any row."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.costs_wanted")
        cursor.execute(statement, parameters)
        cursor.execute("ANALYZE costs_wanted")
        cursor.execute("SELECT EXISTS (SELECT 1 FROM costs_wanted)")
        return bool(cursor.fetchone()[0])
