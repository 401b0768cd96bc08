"""What Google's four client libraries raise, as our errors. No text of Google's goes through: only what it means."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httplib2
import requests
from google.api_core import exceptions as core
from google.auth import exceptions as auth
from google.rpc import error_details_pb2
from googleapiclient.errors import HttpError

from grants.connectors.errors import (
    Conflict,
    ConnectorError,
    NotFound,
    Permanent,
    Refused,
    Transient,
    UnknownOutcome,
)
from grants.connectors.http_rules import error_for_status, retry_after_seconds

ALREADY_EXISTS = "ALREADY_EXISTS"
NO_EXPIRY = "NO_EXPIRY"
UNKNOWN_MEMBER = "UNKNOWN_MEMBER"
_QUOTA = ("ratelimitexceeded", "userratelimitexceeded", "quotaexceeded")
_NEVER_CONNECTED = (ConnectionRefusedError, httplib2.ServerNotFoundError, requests.exceptions.ConnectTimeout)
_BROKEN = (OSError, http.client.HTTPException, httplib2.HttpLib2Error, requests.exceptions.RequestException)


@contextmanager
def google_errors(what: str, *, changes: bool = False) -> Iterator[None]:
    """Turn whatever a call of Google's raises into ours. `what` begins the sentence; `changes`: it was a write."""
    try:
        yield
    except ConnectorError:
        raise
    except HttpError as error:
        headers = {"Retry-After": error.resp.get("retry-after", "")}
        raise _of_status(int(error.resp.status), error.content, headers, what, changes=changes) from None
    except core.GoogleAPICallError as error:
        raise _of_call(error, what, changes=changes) from None
    except auth.RefreshError:
        raise Refused(f"{what}: Purser's own credentials were not accepted.") from None
    except auth.GoogleAuthError as error:
        raise Transient(f"{what}: signing in did not work ({type(error).__name__}).") from None
    except _BROKEN as error:
        raise _of_connection(error, what, changes=changes) from None


def _of_connection(error: BaseException, what: str, *, changes: bool) -> ConnectorError:
    name = type(error).__name__
    if isinstance(error, _NEVER_CONNECTED) or "NewConnectionError" in repr(error):
        return Transient(f"{what} could not be reached ({name}).")
    if changes:
        return UnknownOutcome(f"{what} did not confirm the change ({name}).")
    return Transient(f"{what} did not answer in full ({name}).")


def _of_call(error: core.GoogleAPICallError, what: str, *, changes: bool) -> ConnectorError:
    response = getattr(error, "response", None)
    if isinstance(response, requests.Response):
        return _of_status(response.status_code, response.content, response.headers, what, changes=changes)
    return _of_grpc(error, what, changes=changes)


_MEANINGS: dict[str, tuple[type[ConnectorError], str]] = {
    "ALREADY_EXISTS": (Conflict, "it is there already"),
    "ABORTED": (Conflict, "something changed in between"),
    "FAILED_PRECONDITION": (Conflict, "something changed in between"),
    "NOT_FOUND": (NotFound, "it is not there, or we may not see it"),
    "PERMISSION_DENIED": (Refused, "it refused our credentials or their permissions"),
    "UNAUTHENTICATED": (Refused, "it refused our credentials or their permissions"),
    "RESOURCE_EXHAUSTED": (Transient, "it cannot answer now"),
}
_UNCERTAIN = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED"})


def _of_grpc(error: core.GoogleAPICallError, what: str, *, changes: bool) -> ConnectorError:
    code = error.grpc_status_code.name if error.grpc_status_code else type(error).__name__
    kind, meaning = _MEANINGS.get(code, (Permanent, "it does not accept this call"))
    if code in _UNCERTAIN:
        kind = UnknownOutcome if changes else Transient
        meaning = "whether the change was made is not known" if changes else "it cannot answer now"
    return kind(f"{what} answered {code}: {meaning}.", retry_after=_delay(error.details), code=code)


def _delay(details: Sequence[Any] | None) -> float | None:
    for one in details or ():
        if isinstance(one, error_details_pb2.RetryInfo):
            return float(one.retry_delay.seconds + one.retry_delay.nanos / 1e9)
    return None


def _of_status(
    status: int, content: bytes, headers: Mapping[str, str], what: str, *, changes: bool
) -> ConnectorError:
    text = content.decode("utf-8", "replace").lower()
    known = _of_meaning(status, text, headers, what)
    return known or error_for_status(
        status, what=what, headers=headers, code=_status_of(content), changes=changes
    )


def _of_meaning(status: int, text: str, headers: Mapping[str, str], what: str) -> ConnectorError | None:
    """The answers whose number says too little (connectors.md A1, A4, A5)."""
    if status == 403 and any(word in text for word in _QUOTA):
        wait = retry_after_seconds(headers.get("Retry-After"))
        return Transient(f"{what}: the quota is used up for now.", retry_after=wait, code="QUOTA")
    if status == 403 and ("3005" in text or "3006" in text):
        return Permanent(f"{what}: the licence does not let memberships end by themselves.", code=NO_EXPIRY)
    if status == 409 and ("already_exists" in text or "4003" in text):
        return Conflict(f"{what}: it is there already.", code=ALREADY_EXISTS)
    if status == 400 and "permitted customer" in text:
        return Permanent(
            f"{what}: the organisation's policy (iam.allowedPolicyMemberDomains) does not permit this member."
        )
    if status == 400 and "does not exist" in text:
        return Transient(f"{what}: Google does not know this member (yet).", code=UNKNOWN_MEMBER)
    return None


def _status_of(content: bytes) -> str:
    try:
        said = json.loads(content)["error"]["status"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return said[:40] if isinstance(said, str) and said.replace("_", "").isalpha() else ""
