"""Who calls, and what they may: the administrator everything, a robot what its permissions say."""

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portal.sandbox.harbor.state import Row, State
from portal.sandbox.wire import HttpError, Request

ADMIN = "admin"
Right = tuple[str, str, str]
"""Namespace (a project's name, `*` for all, `/` for the system), resource, action."""


@dataclass(frozen=True)
class Caller:
    """The administrator (`robot` is None) or a robot."""

    name: str
    robot: Row | None = None

    def may(self, right: Right) -> bool:
        """Whether this is allowed."""
        return self.robot is None or any(_covers(mine, right) for mine in rights_of(self.robot))


def rights_of(robot: Row) -> Iterator[Right]:
    """Everything a robot (or the body of a call about one) names as its permissions."""
    for permission in robot["permissions"]:
        for access in permission["access"]:
            yield (permission["namespace"], access["resource"], access["action"])


def _covers(mine: Right, right: Right) -> bool:
    namespace = mine[0] == right[0] or (mine[0] == "*" and right[0] != "/")
    return namespace and mine[1:] == right[1:]


def caller_of(request: Request, state: State, *, secret: str, now: float) -> Caller:
    """Who calls, by HTTP Basic. Raises HttpError 401."""
    name, given = _basic(request.headers)
    if name == ADMIN and hmac.compare_digest(given.encode(), secret.encode()):
        return Caller(ADMIN)
    robot = robot_named(state, name)
    if robot is None or not hmac.compare_digest(given.encode(), robot["secret"].encode()):
        raise HttpError(401, "unauthorized")
    if robot["disable"] or 0 < robot["expires_at"] <= now:
        raise HttpError(401, "unauthorized")
    return Caller(name, robot)


def robot_named(state: State, name: str) -> Row | None:
    """The robot with this full name (prefix included)."""
    return next((robot for robot in state.robots.values() if robot["name"] == name), None)


def _basic(headers: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise HttpError(401, "unauthorized")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise HttpError(401, "unauthorized") from None
    return name, secret
