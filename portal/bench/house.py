"""A database, a web process and people for one measurement: everything is made for it and gone after it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.cli.errors import DemoError
from portal.embedded.places import REPOSITORY, data_folder, root_home
from portal.embedded.processes import identity, spawn, stop, wait_until

OUR_SETTINGS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL", "PURSER_DATABASE_ROLE")
HOST = "127.0.0.1"
START_SECONDS = 60.0


def run_inside(words: list[str]) -> int:
    """Run `manage.py bench --inside` against a durable PostgreSQL of its own; returns its exit code.

    The rows of a measurement stay in a log for good, so no other database is ever used.
    """
    folder = data_folder() / "bench"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {name: value for name, value in os.environ.items() if name not in OUR_SETTINGS}
    settings |= {"PURSER_DATA_DIR": str(folder), "PURSER_LOG_LEVEL": "WARNING"}
    settings.setdefault("PURSER_STATIC_DIR", str(data_folder() / "static"))
    try:
        return _manage(settings, "bench", "--inside", *words)
    finally:
        for place in (folder, root_home(folder)):
            shutil.rmtree(place, ignore_errors=True)


def migrate() -> None:
    """Make the tables in the database that the environment names. Raises DemoError."""
    if _manage(os.environ, "migrate", "--verbosity", "0"):
        raise DemoError("The tables of the measurement could not be made.")


@dataclass(frozen=True)
class Web:
    """A running web process."""

    port: int

    @property
    def url(self) -> str:
        """Its address without a closing slash."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def running_web(*, workers: int = 1, **settings: str) -> Iterator[Web]:
    """Start uvicorn with portal.asgi on a free port, as the demo does. Raises DemoError when it does not start."""
    web = Web(_free_port())
    options = ["--host", HOST, "--port", str(web.port), "--no-access-log", "--no-server-header"]
    # portal.asgi reads forwarded addresses itself, and only behind a proxy.
    options.append("--no-proxy-headers")
    more = ["--workers", str(workers)] if workers > 1 else []
    process = spawn(
        [sys.executable, "-m", "uvicorn", "portal.asgi:application", *options, *more, "--lifespan", "on"],
        log=data_folder() / "web.log",
        environment={**os.environ, **settings},
        cwd=REPOSITORY,
    )
    try:
        if not wait_until(lambda: _answers(web.port), seconds=START_SECONDS, every=0.05):
            raise DemoError(f"The web process did not start:\n{_last_lines(data_folder() / 'web.log')}")
        yield web
    finally:
        stop(identity(process.pid), how=signal.SIGTERM, seconds=10)
        process.wait()


def _manage(settings: Mapping[str, str], *words: str) -> int:
    argv = [sys.executable, "manage.py", *words]
    return subprocess.run(argv, cwd=REPOSITORY, env=dict(settings), check=False).returncode  # noqa: S603


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _last_lines(path: Path) -> str:
    return "\n".join(path.read_text("utf-8", "replace").splitlines()[-12:])
