"""Who calls the API."""

from rest_framework.authentication import SessionAuthentication as BaseSession
from rest_framework.authentication import TokenAuthentication as BaseToken


class TokenAuthentication(BaseToken):
    """Bearer tokens."""

    keyword = "Bearer"


class SessionAuthentication(BaseSession):
    """The signed-in browser."""
