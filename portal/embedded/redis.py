"""One embedded Redis: on a unix socket only, without files on disk."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from portal.embedded.binaries import redis_server
from portal.embedded.errors import EmbeddedError
from portal.embedded.processes import spawn, wait_until

START_SECONDS = 10.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Server:
    """Where one Redis lives. Only one server may ever use a socket: a second one would take it silently."""

    home: Path
    socket: Path

    @property
    def url(self) -> str:
        """The address as redis-py writes it."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.home / "redis.log"


def broker_url(url: str) -> str:
    """Celery's spelling of a Redis address: its command line reads BROKER_URL itself and knows no `unix://`."""
    return (
        url.replace("unix://", "redis+socket://", 1) + "?virtual_host=0" if url.startswith("unix://") else url
    )


def start(server: Server) -> subprocess.Popen[bytes]:
    """Start Redis as our child and wait until it answers.

    Requires that no other server uses the socket. Raises EmbeddedError when it does not answer.
    """
    process = spawn(_serve(server), log=server.log, death_signal=signal.SIGTERM, cwd=server.home)
    wait_until(lambda: process.poll() is not None or answers(server), seconds=START_SECONDS)
    if process.poll() is not None or not answers(server):
        process.kill()
        raise EmbeddedError(f"Redis did not start. See its log {server.log}.")
    return process


def answers(server: Server) -> bool:
    """Whether a server answers on the socket."""
    client = redis.Redis(unix_socket_path=str(server.socket), socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _serve(server: Server) -> list[str]:
    return [
        *(str(redis_server()), "--port", "0", "--unixsocket", str(server.socket), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(server.home)),
    ]
