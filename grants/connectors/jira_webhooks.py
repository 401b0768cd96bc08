"""What arrives from Jira unasked: signatures checked, bodies read, nothing believed beyond "look at this".

Formats: Jira Cloud and Data Center webhooks, and Automation's two bodies ("Issue data" in Jira's format and
in Automation's). A body says which issue or project to read again; it is never itself the truth.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from grants.connectors.errors import Malformed

MAX_BYTES = 5 * 1024 * 1024
AUTOMATION = "automation"
_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """What a webhook is about. Empty text means the body did not say.

    `event`: Jira's `webhookEvent`, or `automation`. `about`: what to read again (`other`: nothing of ours).
    `at`: when Jira sent it (UTC), for dropping older news; None when unknown. `deleted`: the thing is gone,
    so reading it again answers "not found".
    """

    event: str
    about: Literal["issue", "project", "other"]
    issue_id: str = ""
    issue_key: str = ""
    project_id: str = ""
    project_key: str = ""
    at: datetime | None = None
    deleted: bool = False


def verify_signature(raw: bytes, header: str, secrets: Sequence[str]) -> bool:
    """True when `X-Hub-Signature: sha256=<hex>` fits the raw body under one of the secrets.

    Every secret is tried and compared in constant time; an empty secret fits nothing. Several secrets allow
    changing one without losing a webhook.
    """
    match = _SIGNATURE.fullmatch(header.strip().lower().encode("utf-8", "replace"))
    given = match[1] if match else b""
    fits = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().encode()
        fits |= hmac.compare_digest(given, expected) and bool(secret)
    return fits


def parse_webhook(raw: bytes) -> WebhookFacts:
    """Read a webhook's body. Raises Malformed, with a plain sentence, for anything that is not one."""
    if len(raw) > MAX_BYTES:
        raise Malformed(f"The webhook's body is longer than {MAX_BYTES} bytes.")
    try:
        body = _Body.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        raise Malformed(f"The webhook cannot be read: {place}: {first['msg']}.") from None
    return body.facts()


def _as_text(value: object) -> object:
    """Jira writes ids as text and as numbers, depending on the event."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{1,19}$")]
IssueKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}-[0-9]{1,19}$")]
ProjectKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$")]
Milliseconds = Annotated[int, Field(ge=0, le=32_503_680_000_000)]  # until the year 3000


class _Project(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: Id
    key: ProjectKey


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore")
    project: _Project | None = None


class _Issue(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: Id
    key: IssueKey
    fields: _Fields | None = None


class _Body(BaseModel):
    """All bodies in one: a webhook, Automation's `{"issue": ...}`, or Automation's bare issue."""

    model_config = ConfigDict(extra="ignore")
    event: str = Field(default="", alias="webhookEvent", pattern=r"^[A-Za-z0-9_:.-]{0,100}$")
    timestamp: Milliseconds | None = None
    issue: _Issue | None = None
    project: _Project | None = None
    id: Id | None = None
    key: IssueKey | None = None
    fields: _Fields | None = None

    def facts(self) -> WebhookFacts:
        """The facts of whichever body this is."""
        issue = self.issue or self._bare_issue()
        if self.event.startswith("project_"):
            return self._project_facts()
        if issue is not None:
            return self._issue_facts(issue)
        if not self.event or self.event.startswith("jira:issue_"):
            raise Malformed("The webhook names no issue.")
        return WebhookFacts(event=self.event, about="other", at=self._at())

    def _bare_issue(self) -> _Issue | None:
        if self.event or self.id is None or self.key is None:
            return None
        return _Issue(id=self.id, key=self.key, fields=self.fields)

    def _issue_facts(self, issue: _Issue) -> WebhookFacts:
        project = issue.fields.project if issue.fields else None
        return WebhookFacts(
            event=self.event or AUTOMATION,
            about="issue",
            issue_id=issue.id,
            issue_key=issue.key,
            project_id=project.id if project else "",
            project_key=project.key if project else issue.key.rsplit("-", 1)[0],
            at=self._at(),
            deleted=self.event == "jira:issue_deleted",
        )

    def _project_facts(self) -> WebhookFacts:
        if self.project is None:
            raise Malformed("The webhook names no project.")
        deleted = self.event in ("project_deleted", "project_soft_deleted")
        return WebhookFacts(
            event=self.event,
            about="project",
            project_id=self.project.id,
            project_key=self.project.key,
            at=self._at(),
            deleted=deleted,
        )

    def _at(self) -> datetime | None:
        return None if self.timestamp is None else datetime.fromtimestamp(self.timestamp / 1000, UTC)
