"""What Harbor's webhooks say, taken apart with suspicion, and the header that proves who sent them. Pure.

Facts: Harbor 2.15, `src/pkg/notifier/formats` (Default and CloudEvents). A webhook is signed by nothing: a fixed
`Authorization` header is all there is, and whoever administers a Harbor project can read it. So each Harbor project
has a header of its own, made from our secret, and is believed about itself only.

The Default format has no id, CloudEvents has a new one for each policy: what happened is therefore known by what it
says (kind, second, operator, artifact), so that a repetition, or a second policy, changes nothing.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from grants.connectors.errors import Malformed

MOST_BYTES = 256 * 1024
PULLED, PUSHED, SCANNED = "pull", "push", "scan"
KINDS = {
    "PULL_ARTIFACT": PULLED, "harbor.artifact.pulled": PULLED,
    "PUSH_ARTIFACT": PUSHED, "harbor.artifact.pushed": PUSHED,
    "SCANNING_COMPLETED": SCANNED, "harbor.scan.completed": SCANNED,
}  # fmt: skip
_SCANNER = re.compile(r".*\+[Ss]canner-[A-Za-z0-9._-]*[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def _cut(length: int) -> AfterValidator:
    # PostgreSQL takes no NUL.
    return AfterValidator(lambda text: text.replace("\x00", "")[:length])


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Resource(_Part):
    """One artifact. Pulled by digest, its `tag` is the digest."""

    digest: Annotated[str, _cut(80)] = ""
    tag: Annotated[str, _cut(128)] = ""


class Repository(_Part):
    """The repository; `namespace` is its Harbor project."""

    namespace: Annotated[str, _cut(255)] = ""
    full_name: Annotated[str, _cut(255)] = Field("", alias="repo_full_name")


class EventData(_Part):
    """What it happened to."""

    resources: list[Resource] = Field(default_factory=list, max_length=100)
    repository: Repository = Field(default_factory=lambda: Repository.model_validate({}))


class _Default(_Part):
    type: str
    occur_at: int = Field(ge=0, le=2**33)
    operator: Annotated[str, _cut(255)] = ""
    event_data: EventData = Field(default_factory=lambda: EventData.model_validate({}))


class _CloudEvent(_Part):
    type: str
    time: datetime
    operator: Annotated[str, _cut(255)] = ""
    data: EventData = Field(default_factory=lambda: EventData.model_validate({}))


class HarborEvent(_Part):
    """One thing that happened to one artifact. `kind`: `pull`, `push` or `scan`; `tag` is empty by digest.

    `id` is the same for every repetition. `by_scanner`: Harbor's own scanner pulled, nobody else.
    """

    id: str
    kind: str
    at: datetime
    operator: str
    project: str
    repository: str
    digest: str
    tag: str
    by_scanner: bool


def header_for(secret: str, *, target: str, project: str) -> str:
    """The `Authorization` header of one Harbor project's webhooks."""
    proof = hmac.new(secret.encode(), f"harbor-webhook:{target}:{project}".encode(), hashlib.sha256)
    return f"Purser {project}:{proof.hexdigest()}"


def project_proven(header: str, *, secrets: Iterable[str], target: str) -> str | None:
    """The Harbor project a header proves, by one of our secrets; None when it proves none. In constant time."""
    scheme, _, rest = header.partition(" ")
    project = rest.partition(":")[0]
    proven = False
    for secret in secrets:
        expected = header_for(secret, target=target, project=project)
        proven |= bool(secret) and hmac.compare_digest(header.encode(), expected.encode())
    return project if proven and scheme == "Purser" and project else None


def read_events(raw: bytes) -> list[HarborEvent]:
    """The events of one webhook, in either format; none for kinds we do not follow. Raises Malformed."""
    if len(raw) > MOST_BYTES:
        raise Malformed(f"The webhook is longer than {MOST_BYTES} bytes.")
    try:
        body = _Default.model_validate_json(raw) if b'"event_data"' in raw else _from_cloud(raw)
    except ValidationError as error:
        first: dict[str, Any] = dict(error.errors(include_input=False, include_url=False)[0])
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise Malformed(f"The webhook cannot be read: {where}: {first['msg']}.") from None
    kind = KINDS.get(body.type)
    return [_event(kind, body, resource) for resource in body.event_data.resources] if kind else []


def _from_cloud(raw: bytes) -> _Default:
    event = _CloudEvent.model_validate_json(raw)
    at = event.time if event.time.tzinfo else event.time.replace(tzinfo=UTC)
    document = {"type": event.type, "occur_at": max(0, int(at.timestamp())), "operator": event.operator}
    return _Default.model_validate({**document, "event_data": event.data})


def _event(kind: str, body: _Default, resource: Resource) -> HarborEvent:
    repository = body.event_data.repository
    tag = "" if _DIGEST.fullmatch(resource.tag) else resource.tag
    known = (kind, str(body.occur_at), body.operator, repository.full_name, resource.digest, tag)
    return HarborEvent(
        id=hashlib.sha256("\n".join(known).encode()).hexdigest(),
        kind=kind,
        at=datetime.fromtimestamp(body.occur_at, UTC),
        operator=body.operator,
        project=repository.namespace,
        repository=repository.full_name,
        digest=resource.digest,
        tag=tag,
        by_scanner=bool(_SCANNER.fullmatch(body.operator)),
    )
