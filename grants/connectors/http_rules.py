"""How HTTP answers and broken connections become our error kinds; shared by every HTTP connector."""

import email.utils
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from grants.connectors.errors import (
    Conflict,
    ConnectorError,
    NotFound,
    Permanent,
    Refused,
    Transient,
    UnknownOutcome,
)

_LONGEST_WAIT = 24 * 3600.0
_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_STARTED = frozenset({408, 425, 429, 503})


def retry_after_seconds(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header: a number or an HTTP date (RFC 9110 10.2.3); None when unusable."""
    if not value:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,9}", text):
        return min(float(text), _LONGEST_WAIT)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (at.replace(tzinfo=at.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    return min(max(wait, 0.0), _LONGEST_WAIT)


def error_for_status(
    status: int, *, what: str, headers: Mapping[str, str], code: str = "", changes: bool = False
) -> ConnectorError:
    """The error for an HTTP status of 300 or more. `what` begins the sentence ("Jira", "The registry host").

    `changes` says the call was meant to change something: a 500 after it leaves the outcome unknown.
    """
    said = f"{what} answered {status}" + (f" ({code})" if code else "")
    code = code or str(status)
    if status in (401, 403):
        return Refused(f"{said}: it refused our credentials or their permissions.", code=code)
    if status in (404, 410):
        return NotFound(f"{said}: it is not there, or we may not see it.", code=code)
    if status in (409, 412):
        return Conflict(f"{said}: something changed in between.", code=code)
    if status in _TRY_LATER:
        wait = retry_after_seconds(headers.get("Retry-After"))
        if changes and status not in _NOT_STARTED:
            return UnknownOutcome(f"{said}: whether the change was made is not known.", code=code)
        return Transient(f"{said}: it cannot answer now.", retry_after=wait, code=code)
    return Permanent(f"{said}: it does not accept this call.", code=code)


@contextmanager
def connection_errors(what: str, *, changes: bool = False) -> Iterator[None]:
    """Turn httpx' exceptions into ours, without their text (a URL in it may hold a secret).

    A connection that was never made changed nothing; one that broke after sending a change may have.
    """
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Transient(f"{what} could not be reached ({type(error).__name__}).") from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Permanent(f"The address of {what} cannot be used ({type(error).__name__}).") from None
    except httpx.HTTPError as error:
        if changes:
            raise UnknownOutcome(f"{what} did not confirm the change ({type(error).__name__}).") from None
        raise Transient(f"{what} did not answer in full ({type(error).__name__}).") from None
