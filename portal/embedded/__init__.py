"""PostgreSQL and Redis that start by themselves; DATABASE_URL, REDIS_URL and BROKER_URL replace them."""

from portal.embedded.errors import EmbeddedError
from portal.embedded.services import Services, current, ensure

__all__ = ["EmbeddedError", "Services", "current", "ensure"]
