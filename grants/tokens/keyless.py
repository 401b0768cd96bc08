"""Pulls without a stored secret: a service-account token becomes what its namespace's project may do."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from grants.lifecycle.rules import actions_of
from grants.tokens.batching import Batcher
from grants.tokens.cache import HolderCache
from grants.tokens.decision import PULL, Holder, Right, Workload
from grants.tokens.keyring import KeyRing, Pool
from grants.tokens.sql import LOAD_NAMESPACES
from grants.tokens.workloads import LOGIN, KeyUnknown, verify

PUSH = "push"


class Keyless:
    """Finds holders for service-account tokens, beside the stored credentials."""

    def __init__(self, pool: Pool, cache: HolderCache) -> None:
        self._pool = pool
        self.ring = KeyRing(pool, cache)
        self._load = Batcher(self._load_many, lanes=1)

    async def holder(self, token: str, service: str, *, now: datetime) -> Holder:
        """The workload behind a token with what it may do at this registry. Raises TokenRefused."""
        workload = await self._workload(token, now)
        rows = await self._load.submit(workload.namespace)
        return _holder(workload, [row for row in rows if row[1] == service])

    async def stop(self) -> None:
        """End what is being read from clusters."""
        await self.ring.stop()

    async def _workload(self, token: str, now: datetime) -> Workload:
        clusters = await self.ring.clusters()
        try:
            workload = verify(token, clusters, now=now)
        except KeyUnknown as unknown:
            await self.ring.refresh(unknown.clusters)
            clusters = await self.ring.clusters()
            workload = verify(token, clusters, now=now)
        for cluster in clusters:
            if cluster.pk == workload.cluster:
                self.ring.renew(cluster, now=now)
        return workload

    async def _load_many(self, namespaces: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(LOAD_NAMESPACES, [list(set(namespaces))])).fetchall()
        found: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row)
        return [found.get(namespace, []) for namespace in namespaces]


def _holder(workload: Workload, rows: Iterable[tuple[Any, ...]]) -> Holder:
    rights: dict[str, dict[str, Right]] = {}
    allowed = {PULL, PUSH} if workload.push else {PULL}
    for _namespace, _service, repository, role, grant, ends in rows:
        actions = rights.setdefault(repository, {})
        for action in allowed & actions_of(role):
            # No right outlives the token that shows it.
            until = min(ends, workload.expires)
            if action not in actions or actions[action].ends < until:
                actions[action] = Right(until, grant)
    return Holder(None, workload.principal, LOGIN, rights, workload=workload)
