"""Names for what the logs call `person:7` or `grant:1`, of what the viewer may see: one query a page."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import CharField, Model, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.catalogue.selectors import images_visible_to
from grants.directory.selectors import people_visible_to, projects_visible_to, teams_visible_to
from grants.directory.standing import Standing
from grants.lifecycle.selectors import grants_visible_to
from grants.tokens.selectors import credentials_visible_to

Visible = Callable[[Standing], "QuerySet[Any]"]
TEXT = CharField()
LARGEST_KEY = 2**63
_SLUG = re.compile(r"[-a-zA-Z0-9_]+")


@dataclass(frozen=True)
class Named:
    """A thing as people read it. `label` is what the log says; `url` its page, which decides by itself who opens it."""

    label: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class _Source:
    """Where the names of one kind of label stand."""

    visible: Visible
    name: Any = "name"
    key: str = "pk"
    words: "str | Promise" = "%(name)s"


_SOURCES: Mapping[str, _Source] = {
    "person": _Source(people_visible_to),
    "robot": _Source(credentials_visible_to, words=_("Robot %(name)s")),
    "grant": _Source(grants_visible_to, "project__name", words=_("Access for %(name)s")),
    "image": _Source(images_visible_to, Coalesce(NullIf("title", Value("")), "repository")),
    "project": _Source(projects_visible_to, key="key"),
    "team": _Source(teams_visible_to, key="key"),
}
_ALWAYS: Mapping[str, Promise] = {"request": _("REQ-%(number)s"), "grant": _("Grant %(number)s")}
"""What is said of them when their name is not to be had."""
_PAGES = {
    "request": "request-detail",
    "grant": "grant-detail",
    "image": "image-detail",
    "person": "person-detail",
}
_BY_KEY = {"project": "project-detail", "team": "team-detail"}


class Names:
    """The names that were found; everything else keeps what the log calls it."""

    def __init__(self, found: Mapping[str, str] | None = None) -> None:
        """Take the names by label; none for a page that needs none."""
        self._found = found or {}

    def of(self, label: str) -> Named:
        """The thing with this label: its name where the viewer may see it, "REQ-12", "Grant 7", or the label."""
        kind, _colon, key = label.partition(":")
        text = self._found.get(label) or (str(_ALWAYS[kind]) % {"number": key} if kind in _ALWAYS else label)
        return Named(label, text, page_of(label))


def names_for(viewer: Standing, labels: Iterable[str]) -> Names:
    """The names behind these labels that this viewer may see: one query, none when no label has a name."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        kind, _colon, key = label.partition(":")
        if kind in _SOURCES and _is_key(kind, key):
            wanted[kind].add(key)
    parts = [_part(viewer, kind, keys) for kind, keys in sorted(wanted.items())]
    if not parts:
        return Names()
    rows = parts[0].union(*parts[1:], all=True)
    return Names({f"{kind}:{key}": str(_SOURCES[kind].words) % {"name": name} for kind, key, name in rows})


def page_of(label: str) -> str:
    """The page of `grant:12` or `project:anti-fraud`, which decides by itself who may open it; empty for none."""
    kind, _colon, key = label.partition(":")
    if not _is_key(kind, key):
        return ""
    if kind in _PAGES:
        return reverse(_PAGES[kind], args=[int(key)])
    return reverse(_BY_KEY[kind], args=[key]) if kind in _BY_KEY else ""


def is_label(text: str) -> bool:
    """Whether a text of an event is the label of something that has a name."""
    kind, _colon, key = text.partition(":")
    return (kind in _SOURCES or kind in _ALWAYS) and _is_key(kind, key)


def _is_key(kind: str, key: str) -> bool:
    if kind in _BY_KEY:
        return bool(_SLUG.fullmatch(key))
    return key.isascii() and key.isdigit() and int(key) < LARGEST_KEY


def _part(viewer: Standing, kind: str, keys: set[str]) -> "QuerySet[Model, tuple[str, str, str]]":
    source = _SOURCES[kind]
    rows = source.visible(viewer).filter(**{f"{source.key}__in": keys}).order_by()
    columns = (Value(kind, TEXT), Cast(source.key, TEXT), Cast(source.name, TEXT))
    return cast("QuerySet[Model, tuple[str, str, str]]", rows.values_list(*columns))
