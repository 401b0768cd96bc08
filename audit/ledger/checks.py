"""System checks: the database role cannot weaken the ledger."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections

from .rights import APPEND_ONLY_TABLES

_EXCESS = """
SELECT c.relname,
       has_table_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'UPDATE') AS can_update,
       has_table_privilege(c.oid, 'DELETE') AS can_delete,
       has_table_privilege(c.oid, 'TRUNCATE') AS can_truncate,
       pg_has_role(c.relowner, 'MEMBER') AS owns,
       (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS is_super
  FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
 ORDER BY c.relname
"""
_FAULTS = ("change rows of", "delete rows of", "truncate", "act as the owner of", "act as superuser on")


def check_role(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Fail when the application's role could change history (run by `check --database default`)."""
    return [
        Error(
            f"The database role of {alias!r} can {fault} {table}.",
            hint="Connect as the application role (DATABASE_URL); only migrations use DATABASE_OWNER_URL.",
            id="ledger.E001",
        )
        for alias in databases or ()
        if connections[alias].settings_dict["USER"] == settings.DATABASE_APP_ROLE
        for table, fault in excess_rights(alias)
    ]


def excess_rights(alias: str = "default") -> list[tuple[str, str]]:
    """What the connected role may do to history beyond reading and adding: pairs of table and deed."""
    with connections[alias].cursor() as cursor:
        cursor.execute(_EXCESS, [list(APPEND_ONLY_TABLES)])
        rows = cursor.fetchall()
    return [
        (table, fault)
        for table, *can in rows
        for fault, excessive in zip(_FAULTS, can, strict=True)
        if excessive
    ]
