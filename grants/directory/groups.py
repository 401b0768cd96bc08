"""Group names of an identity provider -> teams and roles, by a mapping file or as the names themselves say. Pure.

A word is `team:<key>`, `team:<key>:lead`, `approver:<lane>`, `auditor` or `administrator`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from grants.directory.roles import GLOBAL_ROLES, TeamRole
from grants.directory.types import Places

PREFIX = "purser:"
_TEAM = re.compile(r"team:(?P<key>[A-Za-z0-9_-]{1,60})(?::(?P<role>lead|member))?")

GroupMap = Mapping[str, tuple[str, ...]]


class GroupMapError(ValueError):
    """The mapping file cannot be used; the text says where and why."""


def read_group_map(path: str | Path) -> GroupMap:
    """The mapping file: a JSON object of group name -> word or list of words.

    Raises GroupMapError when the file cannot be read or holds a word that is none.
    """
    try:
        raw = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise GroupMapError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise GroupMapError(f"{path}: write one JSON object of group name to word.")
    mapping = {group: _words(words) for group, words in raw.items()}
    for group, words in mapping.items():
        for word in words:
            if not is_word(word):
                raise GroupMapError(f"{path}: {word!r}, the meaning of group {group!r}, is no team or role.")
    return mapping


def is_word(word: str) -> bool:
    """Whether the word names a team place or a role."""
    return word in GLOBAL_ROLES or _TEAM.fullmatch(word) is not None


def places_of(groups: Iterable[str], mapping: GroupMap | None = None) -> Places:
    """The places that the groups stand for; of two places in one team, lead wins.

    Without a mapping the names are read as words, the prefix `purser:` allowed; other names mean nothing.
    """
    teams: dict[str, str] = {}
    roles = set()
    for word in (word for group in groups for word in _meaning(group, mapping)):
        if place := _TEAM.fullmatch(word):
            key, role = place["key"], place["role"] or TeamRole.MEMBER
            teams[key] = TeamRole.LEAD if TeamRole.LEAD in {role, teams.get(key)} else TeamRole.MEMBER
        else:
            roles.add(word)
    return Places(teams, frozenset(roles))


def _meaning(group: str, mapping: GroupMap | None) -> tuple[str, ...]:
    if mapping is not None:
        return mapping.get(group, ())
    word = group.removeprefix(PREFIX)
    return (word,) if is_word(word) else ()


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else (str(value),)
