"""How often the API may be called."""

from rest_framework.throttling import UserRateThrottle


class PersonThrottle(UserRateThrottle):
    """By person."""

    scope = "person"
