"""Holders kept in memory between tokens, forgotten at every commit that could change what they may do.

Triggers on the tables behind a decision notify `purser_access` (migration 0002). One dedicated connection for
each process listens; while it does not, nothing is cached.
"""

import asyncio
import time
from typing import Any

import psycopg
import structlog

from grants.tokens.decision import Holder

log = structlog.get_logger(__name__)
CHANNEL = "purser_access"
LONGEST_KEPT = 30.0
"""Seconds: a second line behind the notifications."""
MOST_KEPT = 50_000
HEARTBEAT = 5.0
"""Seconds between looks whether the listening connection is alive."""


class HolderCache:
    """Holders by (secret's digest, service), valid only while the listener listens."""

    def __init__(self) -> None:
        self.listening = False
        self.generation = 0
        self._holders: dict[tuple[bytes, str], tuple[float, Holder]] = {}

    def get(self, key: tuple[bytes, str]) -> Holder | None:
        """The holder, when it is known and nothing has changed since."""
        kept = self._holders.get(key) if self.listening else None
        if kept is None or time.monotonic() - kept[0] > LONGEST_KEPT:
            return None
        return kept[1]

    def put(self, key: tuple[bytes, str], holder: Holder, *, generation: int) -> None:
        """Keep a holder that was read at `generation`; one read before the newest change is not kept."""
        if self.listening and generation == self.generation:
            if len(self._holders) >= MOST_KEPT:
                self._holders.clear()
            self._holders[key] = (time.monotonic(), holder)

    def forget(self) -> None:
        """Something changed: everything is read again."""
        self.generation += 1
        self._holders.clear()


class Listener:
    """Keeps a cache true by listening on a connection of its own, for as long as the process runs."""

    def __init__(self, conninfo: str, cache: HolderCache) -> None:
        self._conninfo = conninfo
        self._cache = cache
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening; the cache is off from now on."""
        self._cache.listening = False
        # One cancellation can get lost: before Python 3.12, `wait_for` (which psycopg uses too) swallows it when
        # what it waits for is done at the same moment.
        while self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=0.2)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("access_listener_lost", error=type(error).__name__)
            finally:
                self._cache.listening = False
                self._cache.forget()
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        connection: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=5
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._cache.forget()
            self._cache.listening = True
            while True:
                async for _notice in connection.notifies(timeout=HEARTBEAT, stop_after=1):
                    self._cache.forget()
                async with asyncio.timeout(HEARTBEAT):
                    await connection.execute("SELECT 1")
