"""The clusters whose tokens count, and their public keys: kept in memory and in a row, read without holding anybody up.

A row survives restarts and a cluster that is down. Its claim (`tried_at`) lets all processes together ask a cluster
at most once a minute.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from grants.connectors.errors import ConnectorError
from grants.connectors.oidc_keys import read_keys
from grants.tokens.batching import Batcher
from grants.tokens.cache import HolderCache
from grants.tokens.sql import CLAIM_KEYS, CLUSTERS, KEEP_KEYS, KEYS_FAILED
from grants.tokens.workloads import Keys, TrustedCluster, usable_keys

log = structlog.get_logger(__name__)
PATIENCE = 2.0
"""Seconds that one request waits for the keys it lacks; its neighbours wait for nothing."""
TRY_EVERY = 60.0
"""Seconds between two tries of one cluster."""
STALE = timedelta(minutes=10)
"""Keys older than this are read again beside the next request, so that a key taken back ends too."""
Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]
Read = Callable[..., Awaitable[dict[str, Any]]]


class KeyRing:
    """Trusted clusters, read again after every change that the cache hears of."""

    def __init__(self, pool: Pool, cache: HolderCache, *, read: Read = read_keys) -> None:
        self._pool = pool
        self._cache = cache
        self._read = read
        self._known: tuple[int, list[TrustedCluster]] | None = None
        self._load = Batcher(self._load_many, lanes=1)
        self._tried: dict[tuple[int, str], float] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def clusters(self) -> list[TrustedCluster]:
        """Those that are active and have an issuer and an audience."""
        generation = self._cache.generation
        if self._cache.listening and self._known and self._known[0] == generation:
            return self._known[1]
        found = await self._load.submit(None)
        self._known = (generation, found)
        return found

    async def refresh(self, clusters: Iterable[TrustedCluster]) -> None:
        """Read the keys of these clusters again unless that was tried a moment ago; wait two seconds at most."""
        tasks = [task for cluster in clusters if (task := self._begin(cluster))]
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE)
            self._known = None

    def renew(self, cluster: TrustedCluster, *, now: datetime) -> None:
        """Have keys that are old read again, and wait for nothing."""
        if cluster.read_at is not None and now - cluster.read_at > STALE:
            self._begin(cluster)

    async def stop(self) -> None:
        """End what is being read."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _begin(self, cluster: TrustedCluster) -> asyncio.Task[None] | None:
        if cluster.pk in self._tasks:
            return self._tasks[cluster.pk]
        tried = (cluster.pk, _source(cluster))
        if cluster.fixed or time.monotonic() - self._tried.get(tried, -TRY_EVERY) < TRY_EVERY:
            return None
        self._tried[tried] = time.monotonic()
        task = self._tasks[cluster.pk] = asyncio.create_task(self._fetch(cluster))
        task.add_done_callback(lambda _done: self._tasks.pop(cluster.pk, None))
        return task

    async def _fetch(self, cluster: TrustedCluster) -> None:
        try:
            if not await self._write(CLAIM_KEYS, [cluster.pk, _source(cluster), TRY_EVERY]):
                return
            await self._write(*await self._asked(cluster))
        except (OperationalError, PoolTimeout) as error:
            log.warning("cluster_keys_not_kept", cluster=cluster.key, error=type(error).__name__)

    async def _asked(self, cluster: TrustedCluster) -> tuple[str, list[Any]]:
        """The statement that keeps what the cluster said."""
        try:
            document = await self._read(issuer=cluster.issuer, jwks_url=cluster.jwks_url, ca=cluster.ca)
        except ConnectorError as error:
            log.warning("cluster_keys_not_read", cluster=cluster.key, code=error.code)
            return KEYS_FAILED, [error.message[:300], cluster.pk]
        if not usable_keys(document):
            return KEYS_FAILED, ["The cluster's answer holds no key that can be used.", cluster.pk]
        return KEEP_KEYS, [json.dumps({"keys": document["keys"]}), cluster.pk, _source(cluster)]

    async def _write(self, statement: str, values: Sequence[Any]) -> bool:
        async with self._pool.connection() as connection:
            return (await connection.execute(statement, values)).rowcount > 0

    async def _load_many(self, waiting: Sequence[None]) -> list[list[TrustedCluster]]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(CLUSTERS)).fetchall()
        found = [_cluster(row) for row in rows]
        return [found] * len(waiting)


def _cluster(row: Sequence[Any]) -> TrustedCluster:
    pk, key, issuer, audience, jwks_url, ca, push, fixed, source, document, read_at = row
    cluster = TrustedCluster(pk, key, issuer, audience, {}, jwks_url, ca, push == "true", fixed is not None)
    if cluster.fixed:
        return _with(cluster, fixed, None)
    # Keys that were read from somewhere else are not this issuer's.
    return _with(cluster, document or "{}", read_at) if source == _source(cluster) else cluster


def _with(cluster: TrustedCluster, document: str, read_at: datetime | None) -> TrustedCluster:
    return TrustedCluster(
        cluster.pk, cluster.key, cluster.issuer, cluster.audience, _keys(document), cluster.jwks_url,
        cluster.ca, cluster.push, cluster.fixed, read_at,
    )  # fmt: skip


@lru_cache(64)
def _keys(document: str) -> Keys:
    return usable_keys(json.loads(document))


def _source(cluster: TrustedCluster) -> str:
    return f"{cluster.issuer} {cluster.jwks_url}".strip()
