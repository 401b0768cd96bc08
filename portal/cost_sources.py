"""Where sources of GPU usage find their secrets: the same references as in the options of targets."""

from audit.costs.providers import use_secrets
from audit.costs.sources.errors import Permanent
from grants.connectors import errors
from portal import targets


def register() -> None:
    """Say who finds secrets."""
    use_secrets(secret)


def secret(reference: str) -> str:
    """What `env:NAME` or `file:/path` refers to; "" for nothing. Raises Permanent when it is not there."""
    try:
        return targets.secret(reference)
    except errors.Permanent as error:
        raise Permanent(error.message) from None
