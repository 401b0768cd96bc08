"""Throwaway PostgreSQL and Redis for one test run: in memory where possible, gone with the process."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, MutableMapping
from functools import partial
from pathlib import Path

from portal.embedded import postgres, redis
from portal.embedded.binaries import postgresql
from portal.embedded.places import REPOSITORY, root_home, socket_folder
from portal.embedded.processes import Identity, identity, service_account, stop

PREFIX = "purser-test-"
LEAST_FREE = 512 * 1024 * 1024  # bytes: clusters of two workers with their logs
PASSWORD = "throwaway"  # noqa: S105 - the cluster is private and gone after the run
PASSWORDS = dict.fromkeys((postgres.SUPERUSER, postgres.OWNER, postgres.APPLICATION), PASSWORD)


def start_missing(environment: MutableMapping[str, str]) -> list[Callable[[], object]]:
    """Start what DATABASE_URL, REDIS_URL and PURSER_DATA_DIR do not name, and name it there.

    Returns what undoes it, in the order of the starts. Raises EmbeddedError when a server does not start.
    """
    if {"DATABASE_URL", "REDIS_URL", "PURSER_DATA_DIR"} <= environment.keys():
        return []
    home = _fresh_folder()
    undo: list[Callable[[], object]] = [partial(shutil.rmtree, home, ignore_errors=True)]
    if "PURSER_DATA_DIR" not in environment:
        (home / "data").mkdir(mode=0o700)
        environment["PURSER_DATA_DIR"] = str(home / "data")
    if "DATABASE_URL" not in environment:
        undo.append(_start_postgres(home, environment))
    if "REDIS_URL" not in environment:
        undo.append(_start_redis(home, environment))
    return undo


def _start_postgres(home: Path, environment: MutableMapping[str, str]) -> Callable[[], object]:
    account = service_account()
    cluster = postgres.Cluster(
        home=home / "postgres",
        sockets=socket_folder(home / "postgres" / "run"),
        programs=postgresql(copy_to=root_home(REPOSITORY / ".data") if account else None),
        account=account,
        durable=False,
    )
    postgres.create(cluster, passwords=PASSWORDS)
    server = identity(postgres.start(cluster).pid)
    postgres.prepare(cluster, passwords=PASSWORDS, testing=True)
    environment["DATABASE_URL"] = cluster.url(role=postgres.APPLICATION, password=PASSWORD)
    environment["DATABASE_OWNER_URL"] = cluster.url(role=postgres.OWNER, password=PASSWORD)
    return partial(stop, server, how=signal.SIGINT, seconds=postgres.STOP_SECONDS)


def _start_redis(home: Path, environment: MutableMapping[str, str]) -> Callable[[], object]:
    server = redis.Server(home=home, socket=home / "redis.sock")
    process = identity(redis.start(server).pid)
    environment["REDIS_URL"] = server.url
    environment.setdefault("BROKER_URL", redis.broker_url(server.url))
    return partial(stop, process, how=signal.SIGTERM, seconds=redis.STOP_SECONDS)


def _fresh_folder() -> Path:
    base = _roomy()
    for old in base.glob(f"{PREFIX}*"):
        _clear(old)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    home.chmod(0o711)  # the servers' user passes through
    me = identity(os.getpid())
    (home / "owner.json").write_text(json.dumps({"pid": me.pid, "start": me.start}), "utf-8")
    return home


def _roomy() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, with mkdtemp
    usable = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= LEAST_FREE
    return memory if usable else Path(tempfile.gettempdir())


def _clear(old: Path) -> None:
    """Remove what a killed run left; its servers died with it."""
    try:
        owner = Identity(**json.loads((old / "owner.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return  # not ours, or just being made
    if not owner.alive:
        shutil.rmtree(old, ignore_errors=True)
