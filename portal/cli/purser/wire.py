"""Calls of Purser's API. The token goes to its own server only, and never into a message."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from . import VERSION
from .errors import NotSignedIn, PurserError

SECONDS = 15.0
MOST_PAGES = 100
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Api:
    """One server, as the person whose token is given."""

    def __init__(self, server: str, token: str = "") -> None:
        headers = {"User-Agent": f"purser/{VERSION}", "Accept": "application/json, application/problem+json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=f"{server}/api/v1/", headers=headers, timeout=SECONDS)

    def __enter__(self) -> "Api":
        """Be closed at the end of a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        """Read. Raises PurserError."""
        return self._call("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Make something. Raises PurserError."""
        return self._call("POST", path, json=body)

    def delete(self, path: str) -> None:
        """End something. Raises PurserError."""
        self._call("DELETE", path)

    def rows(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page. Raises PurserError."""
        page = self.get(path, limit=100, **query)
        for _page in range(MOST_PAGES):
            yield from page["results"]
            if not page["next"]:
                return
            # Only the question is taken over: the address stays the one that was signed in to.
            page = self.get(path, **dict(httpx.URL(page["next"]).params))

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = self._http.request(method, path, **arguments)
            found = answer.json() if answer.content else None
        except httpx.HTTPError as error:
            host = urlsplit(str(self._http.base_url)).netloc
            raise PurserError(f"{host} cannot be reached ({type(error).__name__}).") from None
        except ValueError:
            raise PurserError(f"The server answered {answer.status_code}, and not as Purser does.") from None
        if answer.status_code == 401:
            raise NotSignedIn
        if not answer.is_success:
            raise _refusal(answer.status_code, found)
        return found


def server_of(address: str) -> str:
    """The server's address without a path. Raises PurserError: without TLS only this machine is talked to."""
    parts = urlsplit(address if "://" in address else f"https://{address}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise PurserError(f"{address} is no address of a server. For example: https://purser.example.com")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise PurserError("Purser is only talked to over https, except on this machine.")
    return f"{parts.scheme}://{parts.netloc}"


def _refusal(status: int, found: Any) -> PurserError:
    if not isinstance(found, dict) or "detail" not in found:
        return PurserError(f"The server answered {status}.", status=status)
    return PurserError(str(found["detail"]), code=str(found.get("code", "")), status=status)
