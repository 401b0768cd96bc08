"""The wire under the registry client: one capped, timed call that keeps the token at home."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urljoin

import httpx

from grants.connectors.errors import ConnectorError, Malformed, Permanent, Transient
from grants.connectors.http_rules import connection_errors, error_for_status

_MAX_BODY = 4 * 1024 * 1024  # the OCI distribution spec's limit for a manifest
_PATIENCE = 6  # timeouts that one whole body may take: a trickle never exceeds the timeout of one read
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

TokenFor = Callable[[list[str]], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer, its body no longer than the cap."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL


class RegistryWire:
    """Sends single calls to one registry. The bearer token never leaves the registry's own origin."""

    def __init__(
        self, base_url: str, *, token_for: TokenFor, timeout: float, verify: bool, proxy: str | None
    ) -> None:
        self.base = httpx.URL(base_url.rstrip("/") + "/")
        self.host = self.base.netloc.decode()
        self._token_for = token_for
        self._timeout = timeout
        # The environment's proxies are not used: a registry's address is a setting, and so is its proxy.
        self._http = httpx.Client(timeout=httpx.Timeout(timeout), verify=verify, proxy=proxy, trust_env=False)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        scopes: list[str],
        token: str | None = None,
        accept: Sequence[str] = ("application/json",),
        redirects: int = 0,
    ) -> Answer:
        """Send one call and follow at most `redirects` redirects, without the token on another origin.

        `path` is relative to the base or an absolute URL. `token` replaces the client's own. Raises
        ConnectorError when no complete answer came; the status is left to the caller.
        """
        url = self.base.join(path)
        bearer = self._token_for(scopes) if token is None else token
        for _ in range(redirects + 1):
            answer = self._send(method, url, accept=accept, token=bearer)
            if answer.status not in _REDIRECTS:
                return answer
            url = _next_hop(url, answer.headers.get("Location", ""))
        raise Permanent(f"{self.host} redirects where it should answer.", code=str(answer.status))

    def _send(self, method: str, url: httpx.URL, *, accept: Sequence[str], token: str) -> Answer:
        # Identity only: digests are of the bytes as stored, and a compressed answer could burst the cap.
        headers = {"Accept": ", ".join(accept), "Accept-Encoding": "identity"}
        if token and origin(url) == origin(self.base):
            headers["Authorization"] = f"Bearer {token}"
        with (
            connection_errors(self.host, changes=method == "DELETE"),
            self._http.stream(method, url, headers=headers) as response,
        ):
            return Answer(response.status_code, response.headers, self._body(response), url)

    def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Malformed(f"{self.host} compressed an answer that was asked for as it is.")
        body, until = bytearray(), monotonic() + _PATIENCE * self._timeout
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > _MAX_BODY:
                raise Malformed(f"{self.host} sent an answer of more than {_MAX_BODY} bytes.")
            if monotonic() > until:
                raise Transient(f"{self.host} answers too slowly.")
        return bytes(body)

    def error(self, answer: Answer, *, changes: bool = False) -> ConnectorError:
        """The error an answer stands for, with the registry's own code."""
        code = _error_code(answer.body)
        return error_for_status(
            answer.status, what=self.host, headers=answer.headers, code=code, changes=changes
        )


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port, with the scheme's own port left out."""
    default = {"http": 80, "https": 443}.get(url.scheme)
    return (url.scheme, url.host, None if url.port == default else url.port)


def _next_hop(url: httpx.URL, location: str) -> httpx.URL:
    if not location:
        raise Malformed(f"{url.host} redirects without saying where.")
    following = httpx.URL(urljoin(str(url), location))
    if following.scheme not in ("http", "https") or (url.scheme, following.scheme) == ("https", "http"):
        raise Permanent(f"{url.host} redirects to an address that is not safe.")
    return following


def _error_code(body: bytes) -> str:
    """The first code of `{"errors": [{"code": ...}]}` (distribution-spec), empty when there is none."""
    try:
        code = json.loads(body)["errors"][0]["code"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""
    return code[:64] if isinstance(code, str) and code.isascii() and code.isprintable() else ""
