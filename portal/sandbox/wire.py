"""The little HTTP that stand-ins need on top of ASGI: a request, a response, a table of routes."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
MAX_BODY = 1024 * 1024


class HttpError(Exception):
    """Answer with this status and these messages, in the way the system stood in for writes them."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(status, *messages)
        self.status = status
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Request:
    """One request, completely received."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def base(self) -> str:
        """The address the client used, for `self` links."""
        return f"http://{self.headers.get('host', 'localhost')}"

    def arg(self, name: str, default: str = "") -> str:
        """The first value of a query argument."""
        return self.query.get(name, [default])[0]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises HttpError 400."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            raise HttpError(400, "There was an error parsing JSON.") from None
        if not isinstance(value, dict):
            raise HttpError(400, "A JSON object was expected.")
        return value

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


Handler = Callable[..., Response]


class Router:
    """Methods and path patterns; the named groups of a pattern become arguments."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Send `method` on paths that fit `pattern` as a whole to `handler(request, **groups)`."""
        self._routes.append((method, re.compile(pattern), handler))

    def dispatch(self, request: Request) -> Response | None:
        """The answer of the first route that fits, else None. Raises HttpError 405 when only the method does not."""
        wrong_method = False
        for method, pattern, handler in self._routes:
            if (match := pattern.fullmatch(request.path)) is None:
                continue
            if method == request.method:
                return handler(request, **match.groupdict())
            wrong_method = True
        if wrong_method:
            raise HttpError(405, "Method not allowed.")
        return None


async def receive_request(scope: Mapping[str, Any], receive: Receive) -> Request:
    """The whole request. Raises HttpError 413 for a body beyond the cap."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            raise HttpError(413, "The body is too long.")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Request(scope["method"], scope["path"], query, headers, body)


async def send_response(send: Send, response: Response) -> None:
    """Send an answer."""
    headers = {"Content-Length": str(len(response.body)), **response.headers}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})
