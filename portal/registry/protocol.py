"""The Distribution token protocol over ASGI: requests taken apart, answers put together.

Source: distribution/docs/spec/auth/token.md and oauth.md.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from grants.tokens.desk import Answer, Asked
from grants.tokens.scopes import TooMuchAskedError, parse_scopes

LARGEST_BODY = 64 * 1024
LONGEST_KEPT = 1024
"""Bytes of a query whose meaning is kept: longer ones are rare and would fill the memory."""
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is not answered by a decision: its status, code, and words for the client's user."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def basic_challenge(message: str) -> Refusal:
    """401: the credentials are wrong, or have ended."""
    challenge = (b"www-authenticate", b'Basic realm="Purser registry tokens"')
    return Refusal(401, "UNAUTHORIZED", message, (challenge,))


async def read_request(scope: Scope, receive: Receive, *, address: str) -> Asked:
    """What the client asks for, by GET with Basic or by POST with a form. Raises Refusal."""
    headers = dict(scope["headers"])
    if scope["method"] == "GET":
        raw = scope["query_string"]
        values = _known_values(raw) if len(raw) <= LONGEST_KEPT else _values(raw)
        login, secret = _basic(headers.get(b"authorization", b""))
        return _asked(values, login, secret, headers, address, first_client="account")
    if scope["method"] == "POST":
        values = _values(await _body(receive))
        if values.get("grant_type", ["password"])[0] != "password":
            raise Refusal(
                400, "UNSUPPORTED", "This service gives no refresh tokens. Use grant_type=password."
            )
        login, secret = _one(values, "username"), _one(values, "password")
        return _asked(values, login or None, secret, headers, address, first_client="client_id")
    raise Refusal(405, "UNSUPPORTED", "Use GET or POST.", ((b"allow", b"GET, POST"),))


def token_body(answer: Answer, *, post: bool) -> bytes:
    """The answer's JSON. Both spellings of the token, for clients old and new."""
    issued_at = answer.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    # A token is base64url and dots: nothing in it needs escaping, and it is by far the longest part.
    known = f'"token":"{answer.token}","access_token":"{answer.token}"'
    body = f'{{{known},"expires_in":{answer.lifetime},"issued_at":"{issued_at}"'
    if post:
        scope = " ".join(f"{a.type}:{a.name}:{','.join(a.actions)}" for a in answer.access)
        body += f',"scope":{json.dumps(scope)}'
    return f"{body}}}".encode()


def error_body(refusal: Refusal) -> bytes:
    """An error as registries and their clients write it."""
    return json.dumps(
        {"errors": [{"code": refusal.code, "message": refusal.message, "detail": None}]}
    ).encode()


async def respond(
    send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """Send one JSON answer that no cache may keep."""
    fixed = (
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


def _asked(
    values: Mapping[str, list[str]],
    login: str | None,
    secret: str | None,
    headers: Mapping[bytes, bytes],
    address: str,
    *,
    first_client: str,
) -> Asked:
    try:
        scopes = parse_scopes(values.get("scope", []))
    except TooMuchAskedError:
        raise Refusal(400, "TOOMANYREQUESTS", "More scopes are asked for than any pull needs.") from None
    agent = headers.get(b"user-agent", b"").decode("latin-1")
    client = f"{_one(values, 'client_id') or _one(values, first_client)} {agent}".strip()
    return Asked(_one(values, "service"), scopes, login, secret, address=address, client=client)


def _values(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=400, errors="replace")
    except ValueError:
        raise Refusal(400, "UNSUPPORTED", "The request's parameters cannot be read.") from None


# Clients ask the same few questions again and again. No secret stands in a query: bodies are never kept.
_known_values = lru_cache(4096)(_values)


def _one(values: Mapping[str, list[str]], name: str) -> str:
    return values.get(name, [""])[0]


def _basic(header: bytes) -> tuple[str | None, str | None]:
    kind, _, encoded = header.partition(b" ")
    if not header:
        return None, None
    if kind.lower() != b"basic":
        raise basic_challenge("Sign in with a user name and a pull token.")
    try:
        login, colon, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise basic_challenge("The Authorization header cannot be read.") from None
    # docker sends an empty pair when nobody is signed in.
    return (login, secret) if colon and (login or secret) else (None, None)


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "UNSUPPORTED", "The request ended early.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            raise Refusal(413, "UNSUPPORTED", "The request is too large.")
        if not message.get("more_body"):
            return b"".join(parts)
