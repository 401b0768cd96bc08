#!/usr/bin/env python3
"""Purser's command line: Django's commands, run against the embedded services unless settings name others."""

import os
import sys

OWNER_COMMANDS = {"migrate", "sqlmigrate", "flush", "grant_rights", "prune_tokens"}
"""Commands that change the schema or rights or thin out a log run as the database's owner, never as the application."""


def main() -> None:
    """Choose the database role, start or attach the embedded services, run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["PURSER_DATABASE_ROLE"] = "owner"
    from portal.embedded import EmbeddedError, ensure
    from portal.environment import ADDRESSES, adopt_files

    adopt_files(os.environ, ADDRESSES)
    try:
        ensure()
    except EmbeddedError as error:
        sys.exit(str(error))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
