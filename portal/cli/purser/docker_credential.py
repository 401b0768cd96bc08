"""`docker-credential-purser`: Docker's credential helper protocol. Nothing is typed, nothing is stored for others.

Source: github.com/docker/docker-credential-helpers, README and credentials/credentials.go. Docker, Podman, skopeo,
nerdctl and Buildah speak it.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress

from . import VERSION
from .errors import NotSignedIn, PurserError
from .pulling import fresh_pull_token, host_of, session_for
from .sessions import opened

NOT_FOUND = "credentials not found in native keychain"
NO_ADDRESS = "no credentials server URL"
NOT_KEPT = "Purser keeps no passwords. Sign in once with: purser login"
USAGE = "Usage: docker-credential-purser <store|get|erase|list|version>"
LONGEST = 64 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer one call; what clients show stands on stdout, as the protocol has it."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    commands = {"get": get, "list": listed, "store": store, "erase": erase, "version": version}
    if len(words) != 1 or words[0] not in commands:
        _say(USAGE)
        return 1
    try:
        _say(commands[words[0]]())
    except (PurserError, OSError) as error:
        _say(str(error))
        return 1
    return 0


def get() -> str:
    """User name and pull token for the registry whose address stands on stdin."""
    address = _address()
    with opened() as sessions:
        session = session_for(sessions, host_of(address))
        if session is None:
            raise PurserError(NOT_FOUND)
        try:
            fresh_pull_token(session)
        except NotSignedIn:
            session.expires = 0.0
            raise
        answer = {"ServerURL": address, "Username": session.pull_user, "Secret": session.pull_secret}
    return json.dumps(answer)


def listed() -> str:
    """The registries that `get` knows, with the user name."""
    with opened() as sessions:
        known = {
            host: session.user
            for session in sessions.by_server.values()
            if session.live
            for host in session.registries
            if host not in session.refused
        }
    return json.dumps(known)


def store() -> str:
    """Keep nothing: read what the client gives, and say how to sign in. Raises PurserError."""
    sys.stdin.read(LONGEST)
    raise PurserError(NOT_KEPT)


def erase() -> str:
    """Log out of one registry: end the pull token, and give none for it until the next `purser login`."""
    host = host_of(_address())
    with opened() as sessions:
        for session in sessions.by_server.values():
            if host not in session.registries:
                continue
            session.refused = sorted({*session.refused, host})
            ended = session.pull_id if session.can_pull else 0
            session.forget_pull_token()
            if ended:
                _end(session.server, session.token, ended)
    return ""


def version() -> str:
    """Name and version, as `docker-credential-* version` says them."""
    return f"docker-credential-purser (github.com/purser/purser) v{VERSION}"


def _end(server: str, token: str, pull_id: int) -> None:
    from .wire import Api  # noqa: PLC0415 - an HTTP client takes longer to load than a cached answer to give

    # Best effort: it ends by itself within the hour.
    with suppress(PurserError), Api(server, token) as api:
        api.delete(f"credentials/{pull_id}/")


def _address() -> str:
    address = sys.stdin.read(LONGEST).strip()
    if not address:
        raise PurserError(NO_ADDRESS)
    return address


def _say(text: str) -> None:
    if text:
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
