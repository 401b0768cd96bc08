"""Pulls as Google's Data Access audit logs tell of them, taken apart with suspicion. Pure. Facts: connectors.md A7.

One pull is many lines: only a GET of a manifest that went well counts, and the pull log collapses what follows it
within seconds. Lines come at least once: `id` is the same for every copy. A line names the tag or digest only in the
URL of the request. A pull by a cluster's node is told as the node's account, not as a team's.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from grants.connectors.errors import Malformed
from grants.connectors.google_names import GCR_PLACES

MOST_BYTES = 256 * 1024
SERVICE = "artifactregistry.googleapis.com"
METHODS = {"Docker-GetManifest": "GET", "Docker-HeadManifest": "HEAD"}
"""The lines that are about a manifest, and the HTTP method behind each."""

_URL = re.compile(r"/v2/(?P<path>.+)/manifests/(?P<reference>[A-Za-z0-9_][A-Za-z0-9._:-]{0,127})")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def _cut(length: int) -> AfterValidator:
    # PostgreSQL takes no NUL.
    return AfterValidator(lambda text: text.replace("\x00", "")[:length])


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Status(_Part):
    code: int = 0


class _Who(_Part):
    email: Annotated[str, _cut(255)] = Field("", alias="principalEmail")
    subject: Annotated[str, _cut(255)] = Field("", alias="principalSubject")


class _Caller(_Part):
    address: Annotated[str, _cut(100)] = Field("", alias="callerIp")
    agent: Annotated[str, _cut(300)] = Field("", alias="callerSuppliedUserAgent")


class _HttpRequest(_Part):
    url: str = Field("", alias="requestUrl", max_length=2000)


class _Payload(_Part):
    service: str = Field("", alias="serviceName")
    method: str = Field("", alias="methodName")
    status: _Status = Field(default_factory=_Status)
    who: _Who = Field(default_factory=lambda: _Who.model_validate({}), alias="authenticationInfo")
    caller: _Caller = Field(default_factory=lambda: _Caller.model_validate({}), alias="requestMetadata")
    request: _HttpRequest = Field(default_factory=lambda: _HttpRequest.model_validate({}))
    resource: str = Field("", alias="resourceName", max_length=1000)


class _Entry(_Part):
    log: str = Field(alias="logName", max_length=500)
    insert_id: str = Field(alias="insertId", min_length=1, max_length=200)
    at: datetime = Field(alias="timestamp")
    payload: _Payload = Field(alias="protoPayload")


class GooglePull(_Part):
    """One look at a manifest. `method`: GET for a pull, HEAD for a look before it. UTC.

    `repository`: as the catalogue names it. `digest` or `tag`: what was asked for, the other is empty. `actor`: the
    principal as Google gives it. `address`: text, because Google also says `private` or `gce-internal-ip`. `project`,
    `location`: of the resource; empty where the line does not name it.
    """

    id: str
    at: datetime
    method: str
    actor: str
    repository: str
    digest: str
    tag: str
    address: str
    user_agent: str
    project: str = ""
    location: str = ""


def read_push(raw: bytes, *, host: str = "") -> GooglePull | None:
    """The pull in a Pub/Sub push (or in a bare log entry); None for a line that is no look at a manifest.

    `host`: the registry's host, where it is one of the old Container Registry hosts. Raises Malformed.
    """
    if len(raw) > MOST_BYTES:
        raise Malformed("This log entry is too long.")
    document = _json(raw)
    message = document.get("message")
    if isinstance(message, dict):
        document = _json(_decoded(message.get("data")))
    return read_entry(document, host=host)


def read_entry(document: dict[str, Any], *, host: str = "") -> GooglePull | None:
    """The pull in one log entry; None for a line that is no look at a manifest, or that was refused."""
    try:
        entry = _Entry.model_validate(document)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Malformed(f"This log entry cannot be read: {where}.") from None
    if entry.at.tzinfo is None:
        raise Malformed("This log entry has a time without a zone.")
    payload = entry.payload
    if payload.service != SERVICE or payload.method not in METHODS or payload.status.code != 0:
        return None
    return _pull(entry, host)


def read_lines(raw: bytes) -> Iterator[dict[str, Any] | Malformed]:
    """The log entries of an exported file: one JSON object a line, or one array of them as gcloud writes it.

    A line nobody can read comes as what is wrong with it, in its place.
    """
    if raw.lstrip()[:1] == b"[":
        try:
            listed = json.loads(raw)
        except (ValueError, RecursionError):
            listed = [None]
        yield from (
            one if isinstance(one, dict) else Malformed("This entry is no JSON object.") for one in listed
        )
        return
    for line in raw.splitlines():
        if line.strip():
            try:
                yield _json(line)
            except Malformed as error:
                yield error


def _pull(entry: _Entry, host: str) -> GooglePull | None:
    found = _URL.fullmatch(unquote(urlsplit(entry.payload.request.url).path))
    path = found["path"] if found else _path_of(entry.payload.resource)
    if not path:
        return None
    reference = found["reference"] if found else ""
    digest = reference if _DIGEST.fullmatch(reference) else ""
    return GooglePull(
        id=_same_for_every_copy(entry),
        at=entry.at,
        method=METHODS[entry.payload.method],
        actor=entry.payload.who.email or entry.payload.who.subject,
        repository=_of_catalogue(path, host)[:255],
        digest=digest,
        tag="" if digest else reference,
        address=entry.payload.caller.address,
        user_agent=entry.payload.caller.agent,
        **_place_of(entry.payload.resource),
    )


def _place_of(resource: str) -> dict[str, str]:
    parts = resource.split("/")
    named = len(parts) >= 4 and parts[0:4:2] == ["projects", "locations"]
    return {"project": parts[1], "location": parts[3]} if named else {}


def _path_of(resource: str) -> str:
    """`projects/P/locations/L/repositories/R/dockerImages/NAME%2FSUB`: no tag, no digest."""
    parts = resource.split("/")
    if len(parts) != 8 or parts[0::2] != ["projects", "locations", "repositories", "dockerImages"]:
        return ""
    return f"{parts[1].replace(':', '/')}/{parts[5]}/{unquote(parts[7]).partition('@')[0]}"


def _of_catalogue(path: str, host: str) -> str:
    if host not in GCR_PLACES:
        return path
    project, found, image = path.partition(f"/{GCR_PLACES[host][1]}/")
    return f"{project}/{image}" if found else path


def _same_for_every_copy(entry: _Entry) -> str:
    said = f"{entry.log}\n{entry.at.isoformat()}\n{entry.insert_id}"
    return f"google:{hashlib.sha256(said.encode()).hexdigest()}"


def _decoded(data: object) -> bytes:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except binascii.Error:
        raise Malformed("This message of Pub/Sub cannot be read.") from None


def _json(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("This log entry is no JSON.") from None
    if not isinstance(document, dict):
        raise Malformed("This log entry is no JSON object.")
    return document
