"""One embedded PostgreSQL 18 cluster: made, started, stopped, given its roles. Sockets only, no TCP."""

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from portal.embedded.errors import EmbeddedError
from portal.embedded.processes import Account, Identity, command_line, identity, run, spawn, stop, wait_until

SUPERUSER, OWNER, APPLICATION, DATABASE = "postgres", "purser_owner", "purser_app", "purser"
PORT = "5432"  # names the socket file only
START_SECONDS = 120.0  # recovery after a crash replays the log first
STOP_SECONDS = 30.0
ORPHAN_SECONDS = 15.0


@dataclass(frozen=True)
class Cluster:
    """Where one cluster lives and who runs it.

    home: private folder of the server's user; sockets: folder of its socket; programs: PostgreSQL's bin;
    durable: False trades safety after a power cut for speed (throwaway clusters of the tests).
    """

    home: Path
    sockets: Path
    programs: Path
    account: Account | None
    durable: bool = True

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server writes; in its parent's hands, so that starting it can write first."""
        return self.home.parent / "postgres.log"

    def url(self, *, role: str, password: str, database: str = DATABASE) -> str:
        """The libpq address over the socket."""
        folder = quote(str(self.sockets), safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={folder}"


def create(cluster: Cluster, *, passwords: Mapping[str, str]) -> None:
    """Make the cluster unless it is there. The superuser signs in by password like everybody else."""
    for folder in (cluster.home, cluster.sockets):
        _private(folder, cluster.account)
    if (cluster.data / "PG_VERSION").exists():
        return
    password_file = cluster.home / "initial-password"
    _write_private(password_file, passwords[SUPERUSER], cluster.account)
    try:
        run(_initdb(cluster, password_file), account=cluster.account, cwd=cluster.home)
    finally:
        password_file.unlink()


def start(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Start the server as our child and wait until it takes connections.

    Requires that no live server holds the data folder (see `running`).
    Raises EmbeddedError with its last words.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    while True:
        server = _start_once(cluster)
        if server.poll() is None:
            return server
        words = _last_lines(cluster.log)
        if "shared memory block" not in words or time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL did not start. Its log {cluster.log} ends:\n{words}")
        time.sleep(0.2)  # sessions of a killed server are still ending


def running(cluster: Cluster) -> Identity | None:
    """The live server of this data folder by postmaster.pid; a dead, reused or zombie pid is none."""
    try:
        pid = int((cluster.data / "postmaster.pid").read_text("utf-8").split("\n")[0])
    except (OSError, ValueError):
        return None
    found = identity(pid)
    return found if found.alive and str(cluster.data) in command_line(pid) else None


def halt(cluster: Cluster) -> None:
    """Fast shutdown (SIGINT: open clients are ended, nothing committed is lost), then wait."""
    if server := running(cluster):
        stop(server, how=signal.SIGINT, seconds=STOP_SECONDS)


def prepare(cluster: Cluster, *, passwords: Mapping[str, str], testing: bool = False) -> None:
    """Create the two roles and the database, and set the passwords; nothing happens to what is there.

    testing: the owner may create databases and switch triggers off between tests; never elsewhere.
    """
    address = cluster.url(role=SUPERUSER, password=passwords[SUPERUSER], database="postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            _ensure_role(connection, role=role, password=passwords[role])
        if testing:
            connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))
            connection.execute(
                sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(sql.Identifier(OWNER))
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )


def passwords_in(path: Path) -> dict[str, str]:
    """The passwords of the three roles: read from the file, or made and kept there with mode 0600."""
    if not path.exists():
        made = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APPLICATION)}
        _write_private(path, json.dumps(made), account=None)
    kept: dict[str, str] = json.loads(path.read_text("utf-8"))
    return kept


def _start_once(cluster: Cluster) -> subprocess.Popen[bytes]:
    _disown_pid_file(cluster)
    server = spawn(
        _serve(cluster),
        log=cluster.log,
        death_signal=signal.SIGINT,
        account=cluster.account,
        cwd=cluster.home,
    )
    wait_until(lambda: server.poll() is not None or _ready(cluster, server.pid), seconds=START_SECONDS)
    if server.poll() is None and not _ready(cluster, server.pid):
        stop(identity(server.pid), how=signal.SIGINT, seconds=STOP_SECONDS)
        server.wait()
    return server


def _disown_pid_file(cluster: Cluster) -> None:
    """Let PostgreSQL start although the pid of a dead server was given to another process or is a zombie.

    It trusts the pid of its own parent, so ours is written there; the rest of the file stays, because from it
    PostgreSQL knows whether sessions of the dead server still use the data. The socket's folder is this
    cluster's alone: what lies there is the dead server's.
    """
    for left in cluster.sockets.glob(".s.PGSQL.*"):
        left.unlink()
    path = cluster.data / "postmaster.pid"
    if not path.exists():
        return
    _pid, rest = path.read_text("utf-8").split("\n", 1)
    with path.open("r+", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n{rest}")
        file.truncate()


def _ensure_role(connection: psycopg.Connection, *, role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if known else "CREATE"
    statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))


def _initdb(cluster: Cluster, password_file: Path) -> list[str]:
    return [
        str(cluster.programs / "initdb"),
        f"--pgdata={cluster.data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *([] if cluster.durable else ["--no-sync"]),
    ]


def _serve(cluster: Cluster) -> list[str]:
    # The path is absolute: PostgreSQL finds its libraries from its own name.
    settings = {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    if not cluster.durable:
        settings |= {
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": "200",
        }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [str(cluster.programs / "postgres"), "-D", str(cluster.data), *options]


def _ready(cluster: Cluster, pid: int) -> bool:
    try:
        lines = (cluster.data / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _private(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account:
        os.chown(folder, account.uid, account.gid)


def _write_private(path: Path, content: str, account: Account | None) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if account:
            os.fchown(file.fileno(), account.uid, account.gid)
        file.write(content)


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-8:])
