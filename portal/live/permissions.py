"""Who may follow which topic: the same selectors that decide who may see the page."""

from collections.abc import Callable

from approvals.requests.selectors import requests_visible_to
from grants.directory.standing import Standing
from grants.lifecycle.selectors import grants_visible_to

Rule = Callable[[Standing, int], bool]

WITH_NUMBER: dict[str, Rule] = {
    "request": lambda viewer, pk: requests_visible_to(viewer).filter(pk=pk).exists(),
    "grant": lambda viewer, pk: grants_visible_to(viewer).filter(pk=pk).exists(),
    "inbox": lambda viewer, pk: viewer.person.pk == pk,
    "person": lambda viewer, pk: viewer.person.pk == pk,
}
PLAIN: dict[str, Callable[[Standing], bool]] = {
    "catalogue": lambda viewer: True,
    "brakes": lambda viewer: viewer.sees_all,
    "costs": lambda viewer: True,  # that data came is told, not which
}


def may_follow(viewer: Standing, topic: str) -> bool:
    """Whether the viewer may hear that this topic changed. Unknown topics are refused."""
    kind, _, number = topic.partition(":")
    if number:
        rule = WITH_NUMBER.get(kind)
        return bool(rule and number.isascii() and number.isdigit() and rule(viewer, int(number)))
    plain = PLAIN.get(kind)
    return bool(plain and plain(viewer))
