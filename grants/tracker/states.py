"""Words of the tracker: what is followed in Jira, what its answers mean, how long to wait. Pure."""

from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What one of our projects follows. With both named in the directory, the issue alone decides."""

    ISSUE = "issue"
    PROJECT = "project"


class Category(StrEnum):
    """Jira's status categories of an issue, and what a Jira project can be. Empty text: never read."""

    NEW = "new"
    INDETERMINATE = "indeterminate"
    DONE = "done"
    UNDEFINED = "undefined"
    ACTIVE = "active"
    ARCHIVED = "archived"


class WindDownState(StrEnum):
    """Where the ending of a project stands."""

    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    BRAKED = "braked"
    KEPT = "kept"


KINDS = [(kind.value, kind.value) for kind in Kind]
CATEGORIES = [(category.value, category.value) for category in Category]
OVER = frozenset({Category.DONE, Category.ARCHIVED})
"""Decided on the category, never on a status name (renamable, translated), and never on a missing answer."""

LEASE = timedelta(seconds=60)
FULL_CHECK = timedelta(hours=1)
_FULL_CHECK_SPREAD = 600
AGAIN_SOON = timedelta(seconds=30)
LOOK_AGAIN_AFTER_MISSING = timedelta(minutes=15)
_LONGEST_PAUSE = 900.0


def pause_after(failures: int, retry_after: float | None) -> timedelta:
    """How long to wait after this many failures in a row: doubling up to 15 minutes, never less than asked for."""
    doubled = min(AGAIN_SOON.total_seconds() * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
    return timedelta(seconds=max(doubled, retry_after or 0.0))


def full_check_after(watch_id: int) -> timedelta:
    """When to read again without any hint: within the hour, spread so that not all come at once."""
    return FULL_CHECK - timedelta(seconds=watch_id % _FULL_CHECK_SPREAD)
