"""A stand-in as a process of its own: arguments, the line that says it is ready, and a state that outlives it."""

import argparse
import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import uvicorn

SAVE_EVERY = 0.5  # seconds between two looks at whether something changed


class Kept(Protocol):
    """A stand-in whose state can be written down. `changes` grows with every call that may have changed it."""

    changes: int

    def dump(self) -> Any:
        """The state as JSON can hold it."""

    def restore(self, document: Any) -> None:
        """Take up a state that `dump` gave."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """An ASGI application."""


class _Server(uvicorn.Server):
    """Says in one line where it listens, once it does."""

    name = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so; the last line of a start that failed is uvicorn's own."""
        await super().startup(sockets)
        for server in self.servers if self.started else []:
            host, port = server.sockets[0].getsockname()[:2]
            sys.stdout.write(f"{self.name} stand-in listening on http://{host}:{port}\n")
            sys.stdout.flush()


def parser(name: str) -> argparse.ArgumentParser:
    """The arguments every stand-in takes; each may add its own."""
    made = argparse.ArgumentParser(prog=f"python -m portal.sandbox.{name.lower()}")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, required=True, help="0 takes a free one and names it")
    made.add_argument("--state", type=Path, help="JSON file that keeps the state; without it nothing is kept")
    return made


def serve(
    make: Callable[[argparse.Namespace], Kept], argv: Sequence[str] | None = None, *, name: str,
    arguments: argparse.ArgumentParser | None = None,
) -> None:  # fmt: skip
    """Serve a stand-in until told to stop. `make`: what makes it of the arguments given.

    Prints `<name> stand-in listening on http://host:port` when it is ready. With `--state` it takes up what the file
    holds, and writes it within half a second of each change and at the end.
    """
    given = (arguments or parser(name)).parse_args(argv)
    made = make(given)
    if given.state and given.state.exists():
        made.restore(json.loads(given.state.read_text()))
    config = uvicorn.Config(
        made, host=given.host, port=given.port, log_level="warning", access_log=False, lifespan="off",
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = _Server(config)
    server.name = name
    # uvicorn raises the signal again when it has stopped: without a handler that would end us before the last write.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _Keeper(made, given.state):
        server.run()


class _Keeper:
    """Writes the state into its file from a thread, whole or not at all."""

    def __init__(self, app: Kept, path: Path | None) -> None:
        self._app, self._path, self._written = app, path, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Keeper":
        if self._path:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._path:
            self._thread.join()
            self._write()

    def _run(self) -> None:
        while not self._over.wait(SAVE_EVERY):
            if self._app.changes != self._written:
                self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        self._written = self._app.changes
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(self._app.dump()))
        draft.replace(self._path)
