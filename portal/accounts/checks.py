"""System checks of sign-in: a mapping file that cannot be used, and settings that open doors."""

from typing import Any

from django.conf import settings
from django.core import checks

from grants.directory.groups import GroupMapError, read_group_map


@checks.register()
def group_map_is_readable(**_kwargs: Any) -> list[checks.CheckMessage]:
    """A wrong word in the mapping would silently give nobody a role."""
    if not settings.GROUP_MAP_FILE:
        return []
    try:
        read_group_map(settings.GROUP_MAP_FILE)
    except GroupMapError as error:
        return [
            checks.Error(str(error), hint="See PURSER_GROUP_MAP_FILE in docs/sign-in.md.", id="accounts.E001")
        ]
    return []


@checks.register(deploy=True)
def local_accounts_are_for_trials(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Local passwords know nothing of people who left the company."""
    if not settings.LOCAL_ACCOUNTS:
        return []
    return [
        checks.Warning("Local accounts are on.", hint="Switch PURSER_LOCAL_ACCOUNTS off.", id="accounts.W001")
    ]
