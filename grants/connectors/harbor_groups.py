"""The template of the identity provider's groups that become members of Harbor projects. Pure."""

import re
from string import Formatter

from grants.connectors.errors import Permanent

NAMES = ("team", "project", "role")
_IN_KEYS = re.compile(r"[A-Za-z0-9_-]*")


def check_groups(template: str) -> None:
    """Raises Permanent for a template with other names, or one that could name the groups of two projects alike.

    Keys are letters, digits, `-` and `_`, so `{team}-{project}` is the same for `a`, `b-c` as for `a-b`, `c`. Roles
    are three fixed words, which no key beside them makes ambiguous, but which could also be a part of a key: between
    two keys they separate nothing.
    """
    between = ""
    before = ""
    for text, name in _parts(template):
        between += text
        if name == "role" or not name:
            continue
        if before and _IN_KEYS.fullmatch(between):
            raise Permanent(
                f"The option groups needs a character that is in no key, such as . or :, between "
                f"{{{before}}} and {{{name}}}: else two projects can share a group."
            )
        before, between = name, ""


def _parts(template: str) -> list[tuple[str, str]]:
    """Each text of the template and the name behind it, empty for the last."""
    wrong = Permanent("The option groups may name {team}, {project} and {role}, and nothing else in braces.")
    try:
        found = list(Formatter().parse(template))
    except ValueError as error:
        raise wrong from error
    if any(name is not None and (name not in NAMES or form or turned) for _, name, form, turned in found):
        raise wrong
    return [(text, name or "") for text, name, _, _ in found]
