"""One timed HTTP call of a source: bounded in time and size, no redirects, errors sorted by what to do next.

Addresses are given by operators (settings, a TOML file), so private ones are meant: a Prometheus stands inside.
What is refused is where clouds keep their machines' secrets (link-local), addresses with a password in them, and a
secret sent without TLS to anything but this machine.
"""

import email.utils
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from audit.costs.sources.documents import loads
from audit.costs.sources.errors import Malformed, Permanent, Refused, SourceError, Transient
from audit.costs.sources.values import Unreadable

MOST_BYTES = 64 * 1024 * 1024
LONGEST_WAIT = 6 * 3600.0
_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog"})


class Wire:
    """Asks one source.

    `base`: its address. `token`: sent as a bearer token; "" for none. `user`, `password`: for HTTP Basic instead.
    `timeout`: seconds for connecting and for each silence; a whole answer may take three times as long.
    """

    def __init__(
        self,
        base: str,
        *,
        what: str,
        token: str = "",
        user: str = "",
        password: str = "",
        timeout: float = 30.0,
        ca_file: str = "",
    ) -> None:
        self.what = what
        self._url = checked_address(base, what=what, secret=bool(token or password))
        self._timeout = timeout
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout),
            verify=_trusted(ca_file, what),
            trust_env=False,
            follow_redirects=False,
            headers=headers,
            auth=httpx.BasicAuth(user, password) if user else None,
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, str]) -> object:
        """The JSON of one GET below the base address. Raises SourceError."""
        resolve_checked(self._url, what=self.what)
        url = f"{str(self._url).rstrip('/')}/{path.lstrip('/')}"
        with connection_errors(self.what):
            status, headers, body = self._read(url, query)
        if status != 200:
            raise error_for_status(status, what=self.what, headers=headers)
        try:
            return loads(body)
        except Unreadable:
            raise Malformed(f"{self.what} answered something that is no JSON.") from None

    def _read(self, url: str, query: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes]:
        body, ends = bytearray(), time.monotonic() + 3 * self._timeout
        with self._http.stream("GET", url, params=dict(query)) as response:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Malformed(f"{self.what} packed its answer although it was asked not to.")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise Malformed(
                        f"{self.what} sent more than {MOST_BYTES >> 20} MB. Ask for shorter steps."
                    )
                if time.monotonic() > ends:
                    raise Transient(f"{self.what} answers too slowly.")
        return response.status_code, response.headers, bytes(body)


def _trusted(ca_file: str, what: str) -> ssl.SSLContext | bool:
    """Whom to believe: the authorities in a file, else those the machine knows."""
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError:
        raise Permanent(f"The CA file of {what} cannot be read.") from None


def checked_address(address: str, *, what: str, secret: bool = False) -> httpx.URL:
    """The address, when it may be asked. `secret`: something secret goes with each call. Raises Permanent."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise Permanent(f"The address of {what} cannot be used.") from None
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise Permanent(f"The address of {what} cannot be used: write it like https://host:port/path.")
    if url.userinfo:
        raise Permanent(f"The address of {what} holds no user name and no password.")
    if url.host.lower().rstrip(".") in _METADATA_NAMES or _forbidden(url.host):
        raise Permanent(f"The address of {what} is not safe.")
    if secret and url.scheme == "http" and not _is_this_machine(url.host):
        raise Permanent(f"A secret is sent to {what} over https only.")
    return url


def resolve_checked(url: httpx.URL, *, what: str) -> None:
    """Look the name up and refuse it where it means a link-local place. Raises Permanent, Transient."""
    try:
        found = socket.getaddrinfo(url.host, url.port or 0, type=socket.SOCK_STREAM)
    except OSError:
        raise Transient(f"The name of {what} could not be looked up.") from None
    if any(_forbidden(str(one[4][0])) for one in found):
        raise Permanent(f"The address of {what} is not safe.")


def _forbidden(host: str) -> bool:
    address = _address(host)
    return address is not None and (address.is_link_local or address.is_multicast or address.is_unspecified)


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


@contextmanager
def connection_errors(what: str) -> Iterator[None]:
    """Turn httpx' exceptions into ours, without their text (an address in it may hold a secret)."""
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Permanent(f"The address of {what} cannot be used ({type(error).__name__}).") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Transient(f"{what} could not be reached ({type(error).__name__}).") from None
    except httpx.HTTPError as error:
        raise Transient(f"{what} did not answer in full ({type(error).__name__}).") from None


def error_for_status(status: int, *, what: str, headers: Mapping[str, str]) -> SourceError:
    """The error for an answer that is not 200. A redirect is one: secrets do not travel on."""
    said = f"{what} answered {status}"
    if status in (401, 403):
        return Refused(f"{said}: it refused our credentials or their permissions.")
    if status in _TRY_LATER:
        wait = retry_after_seconds(headers.get("Retry-After"))
        return Transient(f"{said}: it cannot answer now.", retry_after=wait)
    if status in (404, 410):
        return Permanent(f"{said}: there is nothing at this address.")
    return Permanent(f"{said}: it does not accept this call.")


def retry_after_seconds(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header: a number or an HTTP date (RFC 9110 10.2.3); None when unusable."""
    if not value:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,9}", text):
        return min(float(text), LONGEST_WAIT)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (at.replace(tzinfo=at.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    return min(max(wait, 0.0), LONGEST_WAIT)
