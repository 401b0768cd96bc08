"""`ensure`: start or attach to the embedded PostgreSQL and Redis, and name them in the environment."""

import atexit
import os
import signal
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.embedded import postgres, redis
from portal.embedded.binaries import postgresql
from portal.embedded.ownership import Ownership
from portal.embedded.places import data_folder, service_home, socket_folder
from portal.embedded.processes import Identity, identity, read_identity, service_account, stop, write_identity


@dataclass
class Services:
    """What Purser stands on now.

    owned: the servers that are our children, by name; empty when settings named others or another process
    owns them. They end with us: `stop` in order, the kernel's signal when we are killed.
    attached: whether another process owns what we use.
    """

    owned: dict[str, Identity] = field(default_factory=dict)
    attached: bool = False
    ownership: Ownership | None = None
    _pid: int = field(default_factory=os.getpid)

    def stop(self) -> None:
        """Stop what we own: Redis first, then PostgreSQL. Nothing happens twice or in a forked child."""
        if os.getpid() != self._pid:
            return
        if server := self.owned.pop("redis", None):
            stop(server, how=signal.SIGTERM, seconds=redis.STOP_SECONDS)
        if server := self.owned.pop("postgres", None):
            stop(server, how=signal.SIGINT, seconds=postgres.STOP_SECONDS)
        if self.ownership:
            self.ownership.release()
            self.ownership = None


_first: list[Services] = []


def current() -> Services:
    """What the first `ensure` of this process found or started; later ones only find its addresses set."""
    return _first[0] if _first else Services()


def ensure(*, start: bool = True, environment: MutableMapping[str, str] = os.environ) -> Services:
    """Make sure that DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL and BROKER_URL are set and answered.

    What is set is left alone; what is not is embedded: started as our child, or attached to when a live
    process owns it already. Stops what it started at a normal exit. start: False only attaches.
    Raises EmbeddedError when a server cannot be started or attached to.
    """
    services = Services()
    wanted = {"DATABASE_URL", "REDIS_URL"} - environment.keys()
    if wanted:
        home = service_home(data_folder())
        ownership = Ownership(home)
        services.attached = not ownership.take(insist=start)
        if not services.attached:
            services.ownership = ownership
            atexit.register(services.stop)
        _embed(home, wanted, services, environment)
    environment.setdefault("BROKER_URL", redis.broker_url(environment["REDIS_URL"]))
    _first.append(services)
    return services


def cluster_in(home: Path) -> postgres.Cluster:
    """The PostgreSQL cluster of one home of services."""
    account = service_account()
    folder = home / "postgres"
    return postgres.Cluster(
        home=folder,
        sockets=socket_folder(folder / "run"),
        programs=postgresql(copy_to=home if account else None),
        account=account,
    )


def redis_in(home: Path) -> redis.Server:
    """The Redis of one home of services."""
    return redis.Server(home=home / "redis", socket=socket_folder(home / "redis") / "redis.sock")


def _embed(home: Path, wanted: set[str], services: Services, environment: MutableMapping[str, str]) -> None:
    cluster, server = cluster_in(home), redis_in(home)
    passwords = postgres.passwords_in(home / "secrets.json")
    try:
        if services.ownership and "DATABASE_URL" in wanted:
            services.owned["postgres"] = _own_postgres(cluster, passwords)
        if services.ownership and "REDIS_URL" in wanted:
            services.owned["redis"] = _own_redis(server)
    except BaseException:
        services.stop()
        raise
    if services.ownership:
        services.ownership.announce()
    if "DATABASE_URL" in wanted:
        for name, role in (("DATABASE_URL", postgres.APPLICATION), ("DATABASE_OWNER_URL", postgres.OWNER)):
            environment[name] = cluster.url(role=role, password=passwords[role])
    environment.setdefault("REDIS_URL", server.url)


def _own_postgres(cluster: postgres.Cluster, passwords: dict[str, str]) -> Identity:
    postgres.halt(cluster)  # what a killed owner left: it is ending already, or nobody would ever end it
    postgres.create(cluster, passwords=passwords)
    process = identity(postgres.start(cluster).pid)
    postgres.prepare(cluster, passwords=passwords)
    return process


def _own_redis(server: redis.Server) -> Identity:
    server.home.mkdir(mode=0o700, exist_ok=True)
    record = server.home / "pid"
    if left := read_identity(record):
        # Two servers on one socket: the second takes it, the first lives on unreachable.
        stop(left, how=signal.SIGTERM, seconds=redis.STOP_SECONDS)
    process = identity(redis.start(server).pid)
    write_identity(record, process)
    return process
