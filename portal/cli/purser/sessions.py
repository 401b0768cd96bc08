"""What is remembered between calls: the sign-in at each server and its pull token, in one file for its owner only."""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import NotSignedIn

SOON = 600
"""Seconds before its end at which a pull token is replaced: a long pull must not outlive it."""


@dataclass
class Session:
    """A sign-in at one server. Times are seconds since 1970. `refused`: registries that one was logged out of."""

    server: str
    token: str = field(repr=False)
    token_id: int
    expires: float
    user: str = ""
    registries: list[str] = field(default_factory=list)
    registries_at: float = 0.0
    refused: list[str] = field(default_factory=list)
    pull_user: str = ""
    pull_secret: str = field(default="", repr=False)
    pull_id: int = 0
    pull_expires: float = 0.0

    @property
    def live(self) -> bool:
        """Whether the sign-in still counts, as far as is known here."""
        return self.expires > time.time()

    @property
    def can_pull(self) -> bool:
        """Whether the pull token lasts long enough."""
        return bool(self.pull_secret) and self.pull_expires - SOON > time.time()

    def forget_pull_token(self) -> None:
        """Keep no pull token."""
        self.pull_user, self.pull_secret, self.pull_id, self.pull_expires = "", "", 0, 0.0


@dataclass
class Sessions:
    """All sign-ins of this person on this machine; the newest is used where none is named."""

    current: str = ""
    by_server: dict[str, Session] = field(default_factory=dict)

    def of(self, server: str = "") -> Session:
        """The sign-in at this server, or the current one. Raises NotSignedIn."""
        found = self.by_server.get(server or self.current)
        if found is None or not found.live:
            raise NotSignedIn
        return found


def folder() -> Path:
    """`$XDG_CONFIG_HOME/purser`."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".config") / "purser"


@contextmanager
def opened() -> Iterator[Sessions]:
    """The sign-ins, and what was changed of them kept at the end; calls beside this one wait their turn."""
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sessions = _read(place / "sessions.json")
        before = asdict(sessions)
        try:
            yield sessions
        finally:
            if asdict(sessions) != before:
                write_private(place / "sessions.json", json.dumps(asdict(sessions), indent=1))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)  # mkstemp made it 0600
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Sessions:
    try:
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = {one.name for one in fields(Session)}
        sessions = {
            server: Session(**{name: value for name, value in row.items() if name in known})
            for server, row in kept["by_server"].items()
        }
        return Sessions(kept["current"], sessions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Missing, or broken: signing in again is all it takes.
        return Sessions()
