"""What each command does. No token is ever printed, but for `pull-secret --output -`, whose purpose it is."""

import base64
import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import PurserError
from .pulling import host_of, new_pull_token
from .sessions import Session, opened, write_private

LOCAL_RUNS = """\
Kubeflow Pipelines runs a pipeline in local containers with DockerRunner. The images are pulled with your
Docker configuration; a step that pulls or pushes itself is given one by a mount, never in the image:

  1. Have Docker ask Purser. In ~/.docker/config.json:
       {{"credHelpers": {{{helpers}}}}}
  2. Write a configuration for the steps, with a pull token of its own:
       purser pull-secret --hours 12 --output ~/.purser-run/config.json
  3. In Python:
       import docker
       from pathlib import Path
       from kfp import local

       mount = docker.types.Mount(
           "/purser", str(Path.home() / ".purser-run"), type="bind", read_only=True
       )
       local.init(local.DockerRunner(mounts=[mount], environment={{"DOCKER_CONFIG": "/purser"}}))

`volumes`, `image` and `command` are refused by DockerRunner. A task that sets variables of its own replaces
`environment`: set DOCKER_CONFIG there as well.
"""


def login(asked: Namespace) -> None:
    """Sign in. Raises PurserError."""
    from . import signing_in  # noqa: PLC0415 - an HTTP client takes longer to load than help to print

    address = asked.server or os.environ.get("PURSER_URL", "") or _current()
    if not address:
        raise PurserError("Say where: purser login --server https://purser.example.com")
    session = signing_in.login(address, browser=not asked.no_browser, say=_note)
    _say(f"You are signed in as {session.user} at {session.server} until {_day(session.expires)}.")
    if session.registries:
        _say(f"Pull tokens are for: {', '.join(session.registries)}")


def logout(asked: Namespace) -> None:
    """Sign out. Raises PurserError."""
    from . import signing_in  # noqa: PLC0415 - as above

    _say(f"You are signed out of {signing_in.logout(_server(asked))}.")


def whoami(asked: Namespace) -> None:
    """Say who is signed in, as the server sees it. Raises PurserError."""
    session, api = _api(asked)
    with api:
        me = api.get("me/")
    teams = ", ".join(one["team"] for one in me["teams"]) or "none"
    _say(f"{me['user_name']} ({me['name']}) at {session.server} until {_day(session.expires)}")
    _say(f"Teams: {teams}. Roles: {', '.join(me['roles']) or 'none'}.")


def images(asked: Namespace) -> None:
    """List images with their tags. Raises PurserError."""
    _session, api = _api(asked)
    with api:
        rows = api.rows("images/")
        columns = ("reference", "title", "tags")
        _table(rows, columns, lambda row: (row["reference"], row["title"], " ".join(row["tags"][:5])), asked)


def grants(asked: Namespace) -> None:
    """List access with its images. Raises PurserError."""
    _session, api = _api(asked)
    with api:
        columns = ("number", "project", "role", "state", "ends", "images")
        _table(api.rows("grants/"), columns, _grant, asked)


def pull_secret(asked: Namespace) -> None:
    """Write a Docker configuration with a new pull token. Raises PurserError."""
    with opened() as sessions:
        session = sessions.of(_server(asked))
    hosts = [host_of(one) for one in asked.registry] or session.registries
    unknown = sorted(set(hosts) - set(session.registries))
    if unknown or not hosts:
        raise PurserError(f"Purser gives no pull tokens for {', '.join(unknown) or 'any registry'}.")
    made = new_pull_token(session, hours=asked.hours)
    auth = base64.b64encode(f"{made['username']}:{made['secret']}".encode()).decode()
    text = json.dumps({"auths": {host: {"auth": auth} for host in hosts}}, indent=1)
    if asked.output == "-":
        _say(text)
        return
    path = Path(asked.output)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, text)
    _note(f"{path} works until {made['expires']}. Nobody but you may read it.")


def run_local(_asked: Namespace) -> None:
    """Say how to run pipelines on this machine."""
    with opened() as sessions:
        known = [host for one in sessions.by_server.values() for host in one.registries]
    helpers = ", ".join(f'"{host}": "purser"' for host in known or ["registry.example.com"])
    _say(LOCAL_RUNS.format(helpers=helpers).rstrip())


def _api(asked: Namespace) -> "tuple[Session, Any]":
    from .wire import Api  # noqa: PLC0415 - as above

    with opened() as sessions:
        session = sessions.of(_server(asked))
    return session, Api(session.server, session.token)


def _server(asked: Namespace) -> str:
    from .wire import server_of  # noqa: PLC0415 - as above

    return server_of(asked.server) if asked.server else ""


def _current() -> str:
    with opened() as sessions:
        return sessions.current


def _grant(row: dict[str, Any]) -> Sequence[str]:
    held = row["images"]
    shown = " ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
    return str(row["id"]), row["project"], row["role"], row["status"], row["ends"][:10], shown


def _table(rows: Iterable[dict[str, Any]], columns: Sequence[str], cells: Any, asked: Namespace) -> None:
    if asked.json:
        for row in rows:
            _say(json.dumps(row, ensure_ascii=False))
        return
    lines = [tuple(name.upper() for name in columns), *(tuple(map(_plain, cells(row))) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        _say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _plain(text: str) -> str:
    # Names come from other people: none of them may move the cursor or colour the terminal.
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(max(moment, time.time()), UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")
