"""A registry's notifications, taken apart with suspicion. Facts: Docker Distribution's notification format.

2.8 says `application/vnd.docker.distribution.events.v1+json`, 3.x says `…v2+json`; the fields are the same.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

LARGEST_ENVELOPE = 2 * 1024 * 1024
MOST_EVENTS = 5_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Target(_Part):
    """What was touched. A pull by digest has no tag; a tag's deletion has no digest."""

    media_type: str = Field("", alias="mediaType", max_length=255)
    digest: str = Field("", max_length=80)
    repository: str = Field("", max_length=255)
    tag: str = Field("", max_length=128)


class Request(_Part):
    """The HTTP request. `addr` is what the registry believes, a proxy's word included."""

    address: str = Field("", alias="addr", max_length=255)
    method: str = Field("", max_length=20)
    user_agent: str = Field("", alias="useragent", max_length=2000)


class Actor(_Part):
    """The token's subject."""

    name: str = Field("", max_length=255)


class Report(_Part):
    """One event as the registry sent it."""

    id: str = Field(min_length=1, max_length=80)
    timestamp: datetime
    action: str = Field(max_length=20)
    target: Target = Field(default_factory=lambda: Target.model_validate({}))
    request: Request = Field(default_factory=lambda: Request.model_validate({}))
    actor: Actor = Field(default_factory=lambda: Actor.model_validate({}))


class Envelope(_Part):
    """What one POST carries: usually one event."""

    events: list[Report] = Field(max_length=MOST_EVENTS)


class UnreadableNotification(ValueError):
    """The body is not a notification; `str()` says where."""


def read_notification(raw: bytes) -> list[Report]:
    """The events of one POST. Raises UnreadableNotification."""
    if len(raw) > LARGEST_ENVELOPE:
        raise UnreadableNotification(f"larger than {LARGEST_ENVELOPE // 2**20} MB")
    try:
        envelope = Envelope.model_validate_json(raw)
    except ValidationError as error:
        first: dict[str, Any] = dict(error.errors(include_input=False, include_url=False)[0])
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise UnreadableNotification(f"{where}: {first['msg']}") from None
    return [_with_zone(report) for report in envelope.events]


def _with_zone(report: Report) -> Report:
    if report.timestamp.tzinfo is None:
        raise UnreadableNotification("events.timestamp: the time has no zone")
    return report
