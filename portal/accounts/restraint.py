"""How often strangers may make the ledger write: refused sign-ins are recorded, but not without end."""

from contextlib import suppress

from django.core.cache import cache
from redis.exceptions import RedisError

MINUTE = 60
MOST_OF_ONE, MOST_OF_ALL = 20, 300
"""Refusals recorded in a minute, of one address and of all. The ledger is for ever, and each event takes its lock."""


def worth_recording(address: str) -> bool:
    """Whether this refusal of an unknown caller still goes into the ledger; without Redis every one does."""
    counted = (f"accounts:refused:{address}", MOST_OF_ONE), ("accounts:refused", MOST_OF_ALL)
    return all(_count(key) <= most for key, most in counted)


def _count(key: str) -> int:
    with suppress(RedisError, ValueError):  # ValueError: the minute ended between the two calls
        cache.add(key, 0, MINUTE)
        return int(cache.incr(key))
    return 0
