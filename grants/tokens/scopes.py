"""Scopes of the Distribution token protocol, taken apart. Pure.

Grammar: `type[(class)]:name:action[,action]`. A name may hold a colon (`host:5000/x`), so the type is split off
the left and the actions off the right. Source: distribution/docs/spec/auth/scope.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_SCOPES = 100
LONGEST_SCOPES = 16_384
"""Characters of all scopes of one request. A mount of many layers asks for a handful."""


class TooMuchAskedError(ValueError):
    """More scopes than any client sends."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a client asks for on one thing."""

    type: str
    name: str
    actions: frozenset[str]


def parse_scopes(values: Iterable[str]) -> list[Scope]:
    """The scopes of a request; each value may hold several with spaces between. Unreadable ones are left out.

    A scope that cannot be read grants nothing, which the protocol does not call an error.
    Raises TooMuchAskedError.
    """
    words = [word for value in values for word in value.split(" ") if word]
    if len(words) > MOST_SCOPES or sum(map(len, words)) > LONGEST_SCOPES:
        raise TooMuchAskedError
    return [scope for word in words if (scope := _parse(word))]


def _parse(word: str) -> Scope | None:
    kind, _, rest = word.partition(":")
    name, colon, actions = rest.rpartition(":")
    wanted = frozenset(action for action in actions.split(",") if action)
    if not kind or not colon or not name or not wanted:
        return None
    return Scope(kind.partition("(")[0], name, wanted)
