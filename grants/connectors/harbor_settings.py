"""What the Harbor connector must be told about its target, in plain values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class HarborSettings:
    """One Harbor as a target.

    `target`: its key. `installation`: a short word of this Purser, so that two of them at one Harbor never take each
    other's robots for their own. `prefix`: how our robots' names begin (another one for a second installation).
    `webhook_url`: `https://purser…/webhooks/harbor/<target>/`; empty: Harbor projects tell us of no pulls.
    `webhook_secret`: from which each Harbor project's own header is made. `payload_format`: `Default` or
    `CloudEvents`. `tokens_last`: how long Harbor's tokens work, where our robot may not read that. `clock`: the
    present, UTC.
    """

    target: str
    installation: str
    prefix: str = "purser"
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    payload_format: str = "Default"
    tokens_last: timedelta | None = None
    clock: Callable[[], datetime] = utc_now
