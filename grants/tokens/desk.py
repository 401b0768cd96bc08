"""The hot path: who asks, what they may have, the row that says so, the token. No Django in it."""

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from grants.lifecycle.rules import actions_of
from grants.tokens.batching import Batcher
from grants.tokens.cache import HolderCache, Listener
from grants.tokens.decision import Access, Decision, Holder, Right, decide
from grants.tokens.keyless import Keyless
from grants.tokens.scopes import Scope
from grants.tokens.secrets import digest_of
from grants.tokens.signing import Signer
from grants.tokens.sql import LOAD, RECORD
from grants.tokens.workloads import TokenRefused, is_workload

Connection = AsyncConnection[tuple[Any, ...]]
RESTED = 0.5
"""Seconds after which a pooled connection may have died unseen: the database was restarted, a proxy hung up."""
STATEMENT_SECONDS = 5
"""No statement of the hot path runs longer; the sealing of token rows relies on it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a token. `login` and `secret` are None for an anonymous one."""

    service: str
    scopes: Sequence[Scope]
    login: str | None = None
    secret: str | None = field(default=None, repr=False)
    address: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was committed: a token with its life in seconds, or a refusal with its reason."""

    token: str = field(default="", repr=False)
    lifetime: int = 0
    issued_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    refused: str = ""
    access: tuple[Access, ...] = ()


Key = tuple[bytes, str]
Row = dict[str, Any]


class TokenDesk:
    """Answers requests for tokens; one for each process. `start` before use, `stop` after."""

    def __init__(self, conninfo: str, signer: Signer, *, caching: bool = True) -> None:
        self._conninfo = conninfo
        self._signer = signer
        self._caching = caching
        self._ahead = timedelta(0)
        self.cache = HolderCache()
        self._listener = Listener(conninfo, self.cache)
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=2,
            max_size=4,
            open=False,
            timeout=STATEMENT_SECONDS,
            check=self._check,
            kwargs={"autocommit": True, "options": f"-c statement_timeout={STATEMENT_SECONDS}s"},
        )
        self._used: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        # One lane: a second one would only halve the batches, and each statement has its price.
        self._load = Batcher(self._load_many, lanes=1)
        self._record = Batcher(self._record_many, lanes=1)
        self._keyless = Keyless(self._pool, self.cache)

    async def start(self) -> None:
        """Open the pool, read the database's clock if it answers, begin to listen for changes."""
        await self._pool.open(wait=False)
        await self._read_clock()
        if self._caching:
            self._listener.start()

    async def stop(self) -> None:
        """Close what `start` opened."""
        await self._listener.stop()
        await self._keyless.stop()
        await self._pool.close()

    async def answer(self, asked: Asked) -> Answer:
        """Decide, commit the row that says so, sign. Bad credentials are refused; asking too much is not."""
        try:
            holder = await self._holder(asked)
        except TokenRefused as error:
            return await self._refuse(asked, self._now(), error.code)
        now = self._now()
        if holder is None and asked.login is not None:
            return await self._refuse(asked, now, "bad_credentials")
        decision = decide(holder, asked.scopes, now=now)
        row = _row(asked, holder, decision)
        outcome, at = await self._record.submit(row)
        if outcome != "issued":
            self.cache.forget()
            return Answer(refused="ended")
        return self._sign(asked, holder, decision, row["jti"], at)

    async def _holder(self, asked: Asked) -> Holder | None:
        if asked.login is None or asked.secret is None:
            return None
        key = (digest_of(asked.secret), asked.service)
        holder = self.cache.get(key)
        if holder is None:
            generation = self.cache.generation
            if is_workload(asked.login, asked.secret):
                holder = await self._keyless.holder(asked.secret, asked.service, now=self._now())
            else:
                holder = await self._load.submit(key)
            if holder:
                self.cache.put(key, holder, generation=generation)
        if holder and holder.workload and holder.workload.expires <= self._now():
            raise TokenRefused("token_expired")
        return holder if holder and holder.login == asked.login.strip().lower() else None

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    async def _refuse(self, asked: Asked, now: datetime, reason: str) -> Answer:
        row = _row(asked, None, Decision((), now, None, 0)) | {
            "outcome": "refused",
            "reason": reason,
            "expires": None,
        }
        await self._record.submit(row)
        return Answer(refused=reason)

    def _sign(
        self, asked: Asked, holder: Holder | None, decision: Decision, jti: str, at: datetime
    ) -> Answer:
        token = self._signer.sign(
            subject=f"{holder.login}+{jti}" if holder else "",
            audience=asked.service,
            jti=jti,
            access=decision.access,
            expiry=decision.expiry,
            now=int(at.timestamp()),
        )
        return Answer(token, decision.lifetime, at, access=decision.access)

    async def _check(self, connection: Connection) -> None:
        # A look at each batch would be a third of its time: only connections that rested are looked at.
        now = time.monotonic()
        if now - self._used.get(connection, 0.0) > RESTED:
            await AsyncConnectionPool.check_connection(connection)
        self._used[connection] = now

    async def _load_many(self, keys: Sequence[Key]) -> list[Holder | None]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(LOAD, [[digest for digest, _ in keys]])).fetchall()
        found: dict[bytes, list[tuple[Any, ...]]] = {}
        for row in rows:
            found.setdefault(bytes(row[0]), []).append(row)
        return [_holder(found.get(digest, ()), service) for digest, service in keys]

    async def _record_many(self, rows: Sequence[Row]) -> list[tuple[str, datetime]]:
        text = json.dumps(rows, default=_moment)
        async with self._pool.connection() as connection:
            started = time.monotonic()
            written = await (await connection.execute(RECORD, [text])).fetchall()
        outcomes = {jti: (outcome, at) for jti, outcome, at in written}
        self._set_clock(written[0][2], time.monotonic() - started)
        return [outcomes[row["jti"]] for row in rows]

    async def _read_clock(self) -> None:
        # Without it the first token would be decided by this machine's clock; with the database away there is none.
        with suppress(OperationalError, PoolTimeout):
            async with self._pool.connection() as connection:
                started = time.monotonic()
                row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
            if row:
                self._set_clock(row[0], time.monotonic() - started)

    def _set_clock(self, at: datetime, took: float) -> None:
        # The database's clock decides; ours is only corrected by it. Slow answers say too little about it.
        if took < 1:
            self._ahead = at + timedelta(seconds=took / 2) - datetime.now(UTC)


def _holder(rows: Sequence[tuple[Any, ...]], service: str) -> Holder | None:
    if not rows:
        return None
    _digest, pk, login, person, administrator, *_right = rows[0]
    principal = f"person:{person}" if person else f"robot:{pk}"
    rights = _rights(row[6:] for row in rows if row[5] == service)
    return Holder(pk, principal, login, rights, administrator)


def _rights(rows: Iterable[tuple[Any, ...]]) -> dict[str, dict[str, Right]]:
    rights: dict[str, dict[str, Right]] = {}
    for repository, role, grant, ends in rows:
        actions = rights.setdefault(repository, {})
        for action in actions_of(role):
            if action not in actions or actions[action].ends < ends:
                actions[action] = Right(ends, grant)
    return rights


def _row(asked: Asked, holder: Holder | None, decision: Decision) -> Row:
    access = [{"repository": a.name, "actions": list(a.actions), "grant": a.grant} for a in decision.access]
    workload = holder.workload if holder else None
    return {
        "jti": _new_id(),
        "outcome": "issued",
        "reason": "" if access or not asked.scopes else "nothing_allowed",
        "login": _plain(workload.user if workload else asked.login or "", 200),
        "principal": holder.principal if holder else "",
        "credential_id": holder.credential if holder else None,
        "service": _plain(asked.service, 120),
        "asked": _plain(" ".join(_spelled(scope) for scope in asked.scopes), 4000),
        "access": access,
        "expires": decision.until,
        "ends": decision.ends,
        "address": _plain(asked.address, 100),
        "client": _plain(asked.client, 200),
        "cluster": workload.cluster if workload else None,
        "namespace": workload.namespace if workload else None,
    }


def _new_id() -> str:
    # It names a token and is no secret. The time comes first: neighbours in time are neighbours in the index.
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(7)}"


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a row")


def _plain(text: str, most: int) -> str:
    # PostgreSQL takes no NUL and no lone surrogate; a hostile client may send both.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:most]


def _spelled(scope: Scope) -> str:
    return f"{scope.type}:{scope.name}:{','.join(sorted(scope.actions))}"
