"""Sign-in through the browser (RFC 8628), and out again."""

import socket
import sys
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .errors import PurserError
from .pulling import read_registries
from .sessions import Session, opened
from .wire import Api, server_of

LONGER = 5
"""Seconds that `slow_down` adds to the pause (RFC 8628, section 3.5)."""
Say = Callable[[str], object]


def login(address: str, *, browser: bool, say: Say, sleep: Callable[[float], object] = time.sleep) -> Session:
    """Have the person allow this machine in their browser, and keep the token. Raises PurserError."""
    server = server_of(address)
    with Api(server) as api:
        begun = api.post("device/", {"client_name": f"purser on {socket.gethostname()}"[:100]})
        _show(begun, browser=browser, say=say)
        given = _wait(api, begun, sleep)
    session = Session(server, given["access_token"], given["id"], expires=time.time() + given["expires_in"])
    with Api(server, session.token) as api:
        session.user = api.get("me/")["user_name"]
        read_registries(session, api)
    with opened() as sessions:
        sessions.by_server[server] = session
        sessions.current = server
    return session


def logout(server: str) -> str:
    """End the token and the pull token at the server, and forget both; returns the server. Raises PurserError."""
    with opened() as sessions:
        session = sessions.of(server)
        del sessions.by_server[session.server]
        sessions.current = next(iter(sessions.by_server), "")
    with Api(session.server, session.token) as api:
        if session.pull_id:
            with suppress(PurserError):
                api.delete(f"credentials/{session.pull_id}/")
        api.delete(f"tokens/{session.token_id}/")
    return session.server


def _show(begun: dict[str, Any], *, browser: bool, say: Say) -> None:
    say(f"Open {begun['verification_uri']} and enter the code {begun['user_code']}")
    if browser and sys.stdin.isatty():
        webbrowser.open(begun["verification_uri_complete"])


def _wait(api: Api, begun: dict[str, Any], sleep: Callable[[float], object]) -> Any:
    pause, until = begun["interval"], time.monotonic() + begun["expires_in"]
    while time.monotonic() < until:
        sleep(pause)
        try:
            return api.post("device/token/", {"device_code": begun["device_code"]})
        except PurserError as error:
            if error.code == "slow_down":
                pause += LONGER
            elif error.code != "authorization_pending" and error.status != 429:
                raise
    raise PurserError("Nobody allowed it in time. Start again.")
