"""The token service as an ASGI application of its own, in front of Django and its middleware.

What that middleware would do is done here: hosts are checked, wrong passwords are slowed down, answers are
counted, faults become clean answers.
"""

import time
from collections import OrderedDict
from functools import cache, lru_cache

import psycopg
import psycopg_pool
import structlog
from django.conf import settings
from django.db import connections
from django.http.request import split_domain_port, validate_host
from prometheus_client import Counter, Histogram

from grants.tokens.batching import OverloadedError
from grants.tokens.desk import TokenDesk
from grants.tokens.probing import signer
from portal.registry.protocol import (
    Receive,
    Refusal,
    Scope,
    Send,
    basic_challenge,
    error_body,
    read_request,
    respond,
    token_body,
)

log = structlog.get_logger(__name__)
ANSWERS = Counter("purser_registry_token_answers", "Answers of the token service", ["outcome"])
SECONDS = Histogram(
    "purser_registry_token_seconds",
    "Time to answer",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2),
)
WRONG_MOST, WRONG_WINDOW = 30, 60.0
"""Wrong passwords from one address in so many seconds. Counted by address, so nobody can lock out another."""
ADDRESSES_KEPT = 10_000
GUESSES = frozenset({"bad_credentials", "ended"})
"""Nobody guesses a signature: a whole cluster behind one address is not locked out while its keys are read."""


class TokenService:
    """Answers `/registry/token`; `start` and `stop` with the process."""

    def __init__(self) -> None:
        self.desk: TokenDesk | None = None
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def start(self) -> None:
        """Open the pool and begin to listen."""
        self.desk = TokenDesk(_conninfo(), signer(), caching=settings.TOKEN_CACHE)
        await self.desk.start()

    async def stop(self) -> None:
        """Close what `start` opened."""
        if self.desk:
            await self.desk.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        try:
            status, body = 200, await self._answer(scope, receive)
            headers: tuple[tuple[bytes, bytes], ...] = ()
        except Refusal as refusal:
            status, body, headers = refusal.status, error_body(refusal), refusal.headers
        await respond(send, status, body, headers)
        _answers(status).inc()
        SECONDS.observe(time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        _check_host(scope)
        address = _address(scope)
        self._check_patience(address)
        asked = await read_request(scope, receive, address=address)
        if self.desk is None:
            raise _unavailable("The token service is starting.")
        try:
            answer = await self.desk.answer(asked)
        except OverloadedError:
            raise _unavailable("Too many requests wait. Try again.") from None
        except (psycopg.Error, psycopg_pool.PoolTimeout, OSError) as error:
            log.warning("token_not_recorded", error=type(error).__name__)
            raise _unavailable("The token service cannot write its log, so it gives no tokens.") from None
        if answer.refused in GUESSES:
            self._count_wrong(address)
        if answer.refused:
            raise basic_challenge("The user name and the pull token do not match, or they have ended.")
        return token_body(answer, post=scope["method"] == "POST")

    def _check_patience(self, address: str) -> None:
        started, wrong = self._wrong.get(address, (0.0, 0))
        left = started + WRONG_WINDOW - time.monotonic()
        if wrong >= WRONG_MOST and left > 0:
            wait = str(int(left) + 1).encode()
            raise Refusal(
                429, "TOOMANYREQUESTS", "Too many wrong passwords. Wait a minute.", ((b"retry-after", wait),)
            )

    def _count_wrong(self, address: str) -> None:
        now = time.monotonic()
        started, wrong = self._wrong.pop(address, (now, 0))
        self._wrong[address] = (now, 1) if now - started > WRONG_WINDOW else (started, wrong + 1)
        if len(self._wrong) > ADDRESSES_KEPT:
            self._wrong.popitem(last=False)


def _unavailable(message: str) -> Refusal:
    return Refusal(503, "UNAVAILABLE", message, ((b"retry-after", b"2"),))


def _check_host(scope: Scope) -> None:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    if not _is_served(host, tuple(settings.ALLOWED_HOSTS)):
        raise Refusal(400, "UNSUPPORTED", "This host name is not served here.")


@lru_cache(1024)
def _is_served(host: bytes, served: tuple[str, ...]) -> bool:
    return validate_host(split_domain_port(host.decode("latin-1"))[0], served)


@cache
def _answers(status: int) -> Counter:
    return ANSWERS.labels(str(status))


def _address(scope: Scope) -> str:
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = next((v for n, v in scope["headers"] if n == b"x-forwarded-for"), b"").decode("latin-1")
        if forwarded:
            return forwarded.rpartition(",")[2].strip()[:100]
    return scope["client"][0] if scope.get("client") else ""


def _conninfo() -> str:
    connection = connections["default"]
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "target_session_attrs")
    return psycopg.conninfo.make_conninfo(
        **{name: parameters[name] for name in wanted if parameters.get(name)}
    )
