"""Signals of lower rooms, connected to what higher rooms do about them: wake-ups and notices."""

from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate


PULL_LOG = ("pulls_pull", "pulls_pullbatch")
"""Written once by the application, like the ledger, though not chained row by row."""


def connect() -> None:
    """Connect every signal. Called once, when the applications are ready."""
    post_migrate.connect(_grant_rights, dispatch_uid="purser.rights")


def _grant_rights(using: str, **_kwargs: Any) -> None:
    # Runs after each app's migration, as the owner: the application's role gets rights on the new tables.
    from audit.ledger.rights import APPEND_ONLY_TABLES, grant_rights

    connection = connections[using]
    if connection.settings_dict["USER"] != settings.DATABASE_APP_ROLE:
        grant_rights(connection, settings.DATABASE_APP_ROLE, append_only=(*APPEND_ONLY_TABLES, *PULL_LOG))
