"""Database rights of the application's role: all it needs on live rows, reading and adding on history."""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

APPEND_ONLY_TABLES: tuple[str, ...] = ("ledger_event", "ledger_checkpoint")

_OWN_TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tableowner = current_user
"""


def grant_rights(
    connection: BaseDatabaseWrapper, app_role: str, append_only: Iterable[str] = APPEND_ONLY_TABLES
) -> None:
    """Give the application's role its rights on every table of the connected owner, idempotently.

    Append-only tables get SELECT and INSERT, every other table UPDATE and DELETE too; nothing is owned by
    the role and nothing can be truncated. Run by the owner after each migration.
    """
    if app_role == connection.settings_dict.get("USER"):
        return
    role, history = sql.Identifier(app_role), set(append_only)
    with connection.cursor() as cursor:
        cursor.execute(_OWN_TABLES)
        tables = [row[0] for row in cursor.fetchall()]
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        for table in tables:
            cursor.execute(_grant(table, role, append_only=table in history))
        cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))


def _grant(table: str, role: sql.Identifier, *, append_only: bool) -> sql.Composed:
    rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    statement = "REVOKE ALL ON {table} FROM PUBLIC, {role}; GRANT " + rights + " ON {table} TO {role}"
    return sql.SQL(statement).format(table=sql.Identifier(table), role=role)
