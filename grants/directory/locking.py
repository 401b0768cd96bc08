"""The lock under which people, teams and projects are made, so that one human being never becomes two."""

from django.db import connection

DIRECTORY_LOCK = 5_318_008_114
"""Key of a PostgreSQL advisory lock: rows that do not exist yet cannot be locked."""


def lock_directory() -> None:
    """Let one transaction at a time decide who is who; held until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DIRECTORY_LOCK])
