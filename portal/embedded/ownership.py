"""Who owns the embedded services of one home: one process at a time, by a lock that ends with it."""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from portal.embedded.errors import EmbeddedError
from portal.embedded.processes import Identity, identity, read_identity, write_identity

WAIT_SECONDS = 150.0  # an owner in a long crash recovery is waited for


class Ownership:
    """The lock of one home, and the word that its services are ready."""

    def __init__(self, home: Path) -> None:
        self._lock = home / "owner.lock"
        self._ready = home / "ready"
        self._descriptor: int | None = None

    def take(self, *, insist: bool) -> bool:
        """True when we own the services now, False when a live owner has them ready.

        insist: False only looks for a ready owner. Raises EmbeddedError when neither comes about.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if insist and self._lock_now():
                return True
            if self._owner_is_ready():
                return False
            if not insist:
                raise EmbeddedError("The embedded services are not running. Start them with: make demo")
            time.sleep(0.05)
        raise EmbeddedError(f"Another process holds {self._lock} but its services are not ready.")

    def announce(self) -> None:
        """Say that the services we own can be used."""
        write_identity(self._ready, identity(os.getpid()))

    def release(self) -> None:
        """Let the next process own them."""
        self._ready.unlink(missing_ok=True)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _lock_now(self) -> bool:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        with contextlib.suppress(FileNotFoundError):
            self._ready.unlink()
        return True

    def _owner_is_ready(self) -> bool:
        owner: Identity | None = read_identity(self._ready)
        return owner is not None and owner.alive
