"""The wire under the Harbor connector: one timed call of its API, without cookies, errors without secrets.

Facts: Harbor 2.15, API v2.0 (`api/v2.0/swagger.yaml`). A call that carries a session cookie needs a CSRF token, so
none is ever kept. A project's name that looks like a number is an id, unless `X-Is-Resource-Name` says otherwise.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from grants.connectors.errors import Conflict, ConnectorError, Malformed, Permanent
from grants.connectors.http_rules import connection_errors, error_for_status

API = "/api/v2.0"
PAGE = 100
MOST_PAGES = 1000
ROUNDS = 3
MOST_BYTES = 32 * 1024 * 1024
Row = dict[str, Any]


class HarborWire:
    """Sends single calls to one Harbor as one robot or user.

    `base_url`: `https://harbor.example.com`. `user`, `secret`: for HTTP Basic; a robot's name with its prefix.
    `timeout`: seconds for connecting and for each silence.
    """

    def __init__(
        self,
        base_url: str,
        *,
        user: str,
        secret: str,
        timeout: float = 10.0,
        verify: bool = True,
        proxy: str | None = None,
    ) -> None:
        self.base = base_url.rstrip("/")
        self.host = httpx.URL(self.base).netloc.decode()
        self._http = httpx.Client(
            base_url=self.base,
            auth=httpx.BasicAuth(user, secret),
            timeout=httpx.Timeout(timeout),
            verify=verify,
            proxy=proxy,
            trust_env=False,
            headers={"Accept": "application/json", "X-Is-Resource-Name": "true"},
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        """The JSON of one GET. Raises ConnectorError."""
        return self._json(self._call("GET", path, query=query, headers=headers))

    def pages(self, path: str, **query: str) -> Iterator[Row]:
        """Every row of a list. The pages are counted here: Harbor's own links are not escaped."""
        for number in range(1, MOST_PAGES + 1):
            answer = self._call("GET", path, query={**query, "page": str(number), "page_size": str(PAGE)})
            rows = self._json(answer) or []
            if not isinstance(rows, list):
                raise Malformed(f"{self.host} answered something that is no list.")
            yield from rows
            total = answer.headers.get("X-Total-Count", "")
            if len(rows) < PAGE or (total.isdigit() and number * PAGE >= int(total)):
                return
        raise Malformed(f"{self.host} lists more than {MOST_PAGES} pages.")

    def send(self, method: str, path: str, body: object = None) -> Any:
        """One call that changes something; the JSON of its answer, None when it has none. Raises ConnectorError."""
        answer = self._call(method, path, body=body, changes=True)
        return self._json(answer) if answer.content else None

    def plain(self, path: str, *, query: Sequence[tuple[str, str]]) -> Any:
        """The JSON of a GET outside the API (the token service)."""
        with connection_errors(self.host):
            answer = self._http.get(path, params=tuple(query))
        return self._json(self._checked(answer, changes=False))

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        changes: bool = False,
    ) -> httpx.Response:
        with connection_errors(self.host, changes=changes):
            answer = self._http.request(method, API + path, params=query, json=body, headers=headers)
        return self._checked(answer, changes=changes)

    def _checked(self, answer: httpx.Response, *, changes: bool) -> httpx.Response:
        # Harbor gives a session to whoever calls; with it the next change would need a CSRF token.
        self._http.cookies.clear()
        if answer.status_code >= 300:
            raise self._error(answer, changes=changes)
        if len(answer.content) > MOST_BYTES:
            raise Malformed(f"{self.host} sent an answer of more than {MOST_BYTES} bytes.")
        return answer

    def _error(self, answer: httpx.Response, *, changes: bool) -> ConnectorError:
        code = _code(answer.content)
        if answer.status_code == 412 and code in ("PROJECTPOLICYVIOLATION", "VIOLATE_FOREIGN_KEY_CONSTRAINT"):
            return Permanent(f"{self.host} refused: its own rules forbid this ({code}).", code=code)
        return error_for_status(
            answer.status_code, what=self.host, headers=answer.headers, code=code, changes=changes
        )

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise Malformed(f"{self.host} answered something that is no JSON.") from None


Result = TypeVar("Result")


def redone(host: str, attempt: Callable[[], Result]) -> Result:
    """Read and redo when the world changed in between, at most three times. Raises Conflict after that."""
    for _ in range(ROUNDS):
        try:
            return attempt()
        except Conflict:
            continue
    raise Conflict(f"{host} changed under every attempt.")


def segment(name: str) -> str:
    """A name as one segment of a path; a repository's slashes are escaped too."""
    return quote(name, safe="")


def read_time(text: object) -> datetime | None:
    """A time as Harbor writes it, UTC; None when there is none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _code(content: bytes) -> str:
    """The first code of `{"errors": [{"code", "message"}]}`, empty when there is none."""
    try:
        code = json.loads(content)["errors"][0]["code"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z_]{1,64}", code) else ""
