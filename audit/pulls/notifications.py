"""A registry's notifications, taken apart with suspicion. Facts: Docker Distribution's notification format.

A registry sends a report again until it is taken, and all others wait behind it. What clients wrote into one (a
user agent, a media type) is therefore cut to its column's length, never a reason to refuse the report.

2.8 says `application/vnd.docker.distribution.events.v1+json`, 3.x says `…v2+json`; the fields are the same.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

LARGEST_ENVELOPE = 2 * 1024 * 1024
MOST_EVENTS = 5_000


def _cut(length: int) -> AfterValidator:
    # PostgreSQL takes no NUL.
    return AfterValidator(lambda text: text.replace("\x00", "")[:length])


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Target(_Part):
    """What was touched. A pull by digest has no tag; a tag's deletion has no digest."""

    media_type: Annotated[str, _cut(120)] = Field("", alias="mediaType")
    digest: Annotated[str, _cut(80)] = ""
    repository: Annotated[str, _cut(255)] = ""
    tag: Annotated[str, _cut(128)] = ""


class Request(_Part):
    """The HTTP request. `addr` is what the registry believes, a proxy's word included."""

    address: Annotated[str, _cut(100)] = Field("", alias="addr")
    method: Annotated[str, _cut(10)] = ""
    user_agent: Annotated[str, _cut(300)] = Field("", alias="useragent")


class Actor(_Part):
    """The token's subject."""

    name: Annotated[str, _cut(255)] = ""


class Report(_Part):
    """One event as the registry sent it."""

    id: str = Field(min_length=1, max_length=80)
    timestamp: datetime
    action: Annotated[str, _cut(12)]
    target: Target = Field(default_factory=lambda: Target.model_validate({}))
    request: Request = Field(default_factory=lambda: Request.model_validate({}))
    actor: Actor = Field(default_factory=lambda: Actor.model_validate({}))


class WholePull(Report):
    """What a source says that tells of whole pulls only and nothing of HTTP (Harbor). It has no media type.

    `genuine`: somebody pulled, and not the source's own scanner.
    """

    genuine: bool = True


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
