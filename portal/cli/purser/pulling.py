"""The short-lived pull token of a session, made when it is needed, and the registries it is for."""

import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .errors import NotSignedIn, PurserError
from .sessions import Session, Sessions

HOURS = 1
"""How long a pull token works. Another is made shortly before."""
LOOK_AGAIN = 600
"""Seconds after which the list of registries may be old."""


def host_of(address: str) -> str:
    """`registry.example.com:5000` of whatever clients call a registry: with or without scheme and path."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    return parts.netloc.rpartition("@")[2].lower()


def session_for(sessions: Sessions, host: str) -> Session | None:
    """The sign-in whose server gives tokens for this registry; None for a registry of somebody else's.

    Raises NotSignedIn when there was one and it is over: pulling as nobody would only hide why it fails.
    """
    over = False
    for session in sorted(sessions.by_server.values(), key=lambda one: one.server != sessions.current):
        if host in session.refused:
            continue
        if not session.live:
            over = over or host in session.registries
            continue
        if host not in session.registries and time.time() - session.registries_at > LOOK_AGAIN:
            _look_again(session)
        if host in session.registries:
            return session
    if over:
        raise NotSignedIn
    return None


def fresh_pull_token(session: Session, *, hours: int = HOURS) -> None:
    """Have the session hold a pull token that lasts; asks the server only when it must. Raises PurserError."""
    if session.can_pull:
        return
    made = new_pull_token(session, hours=hours)
    session.pull_user, session.pull_secret, session.pull_id = made["username"], made["secret"], made["id"]
    session.pull_expires = datetime.fromisoformat(made["expires"]).timestamp()


def new_pull_token(session: Session, *, hours: int) -> dict[str, Any]:
    """A pull token that is not kept. Raises PurserError."""
    from .wire import Api  # noqa: PLC0415 - an HTTP client takes longer to load than a cached answer to give

    with Api(session.server, session.token) as api:
        made: dict[str, Any] = api.post("credentials/", {"hours": hours})
    return made


def read_registries(session: Session, api: Any) -> None:
    """Ask which registries take pull tokens. Raises PurserError."""
    rows = api.rows("registries/")
    session.registries = sorted(row["host"].lower() for row in rows if row["pull_tokens"])
    session.registries_at = time.time()


def _look_again(session: Session) -> None:
    from .wire import Api  # noqa: PLC0415 - as above

    try:
        with Api(session.server, session.token) as api:
            read_registries(session, api)
    except NotSignedIn:
        session.expires = 0.0
    except PurserError:
        # The server is away: what was known stays, and is not asked for again at once.
        session.registries_at = time.time()
