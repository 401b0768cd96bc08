"""Whose use it was: label, then namespace, then grant, then nobody's. Pure; it asks a `Book` of who is who."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

LABEL, NAMESPACE, GRANT, NONE = "label", "namespace", "grant", "none"
"""The rules, as stored with each row (`matched_by`)."""
NAMES = ("project", "team", "person", "grant")
_MANGLED = re.compile(r"[^a-z0-9]+")
_PREFIXES = ("k8s-label/", "k8s-namespace-labels/", "label_")
_KNOWN = {f"purser_io_{name}": name for name in NAMES}


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A grant as attribution sees it. Repositories are `host/name`; `members` are labels such as `person:12`.

    `starts` None: always; `ends` None: still running; it is exclusive.
    """

    project: str
    request: str = ""
    repositories: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    starts: datetime | None = None
    ends: datetime | None = None

    def live(self, at: datetime) -> bool:
        """Whether it justified anything at that moment."""
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)


@dataclass(frozen=True, slots=True)
class Book:
    """Who is who, as text: what use is attributed by. Projects that are over belong in it as well.

    `projects` are key -> team; `namespaces` (cluster, or "" for every one, and namespace) -> project; `grants`
    label (`grant:12`) -> facts; `people` folded name, address or user name -> label (`person:12`).
    """

    projects: Mapping[str, str] = field(default_factory=dict)
    namespaces: Mapping[tuple[str, str], str] = field(default_factory=dict)
    grants: Mapping[str, GrantFacts] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Subject:
    """What of a record attribution looks at. `labels` as `told` gives them."""

    cluster: str
    namespace: str
    repository: str
    digest: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whom use belongs to; empty texts where nothing says."""

    team: str = ""
    project: str = ""
    person: str = ""
    request: str = ""
    grant: str = ""
    matched_by: str = NONE


def fold(name: str) -> str:
    """The form in which names of people are compared."""
    return name.strip().casefold()


def told(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The labels that say something to us, by our names: `purser.io/project`, `purser_io_project` and the like."""
    found = [(name, value) for key, value in labels.items() if (name := _meaning(key)) and value]
    return tuple(sorted(dict(found).items()))


def repository_of(image: str) -> str:
    """`host/name` of `host/name:tag@digest`."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


class Attributor:
    """Attributes many subjects by one book; every answer is a function of the subject, the book and the moment."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._teams = book.teams | frozenset(book.projects.values())
        self._by_image = _by_image(book.grants)

    def moments(self, subject: Subject) -> tuple[datetime, ...]:
        """When the answer may change: between two of these it never does."""
        grants = (self._book.grants[key] for key in self._candidates(subject))
        return tuple(sorted({at for one in grants for at in (one.starts, one.ends) if at is not None}))

    def of(self, subject: Subject, at: datetime) -> Attribution:
        """Whose use it was at that moment."""
        labels = dict(subject.labels)
        person = self._person(labels.get("person", ""))
        grants = [key for key in self._candidates(subject) if self._book.grants[key].live(at)]
        team, project, rule = self._belongs(subject, labels, grants, person)
        grant = self._grant(subject, labels, [key for key in grants if self._in(key, project)], person)
        request = self._book.grants[grant].request if grant else ""
        return Attribution(team, project, person, request, grant, rule)

    def _belongs(
        self, subject: Subject, labels: Mapping[str, str], grants: list[str], person: str
    ) -> tuple[str, str, str]:
        projects = self._book.projects
        project = labels.get("project", "")
        if project in projects:
            return projects[project], project, LABEL
        team = labels.get("team", "")
        if team in self._teams:
            return team, "", LABEL
        project = self._in_namespace(subject)
        if project:
            return projects.get(project, ""), project, NAMESPACE
        project = self._only_project(labels, grants, person)
        return (projects.get(project, ""), project, GRANT) if project else ("", "", NONE)

    def _in_namespace(self, subject: Subject) -> str:
        places = self._book.namespaces
        if not subject.namespace:
            return ""
        everywhere = places.get(("", subject.namespace), "")
        return places.get((subject.cluster, subject.namespace), everywhere)

    def _only_project(self, labels: Mapping[str, str], grants: list[str], person: str) -> str:
        """The project that all grants agree on; a grant of somebody else's image proves nothing."""
        named = grant_label(labels.get("grant", ""))
        if named in self._book.grants:
            return self._book.grants[named].project
        theirs = [key for key in grants if person in self._book.grants[key].members] or grants
        projects = {self._book.grants[key].project for key in theirs}
        return projects.pop() if len(projects) == 1 else ""

    def _grant(self, subject: Subject, labels: Mapping[str, str], grants: list[str], person: str) -> str:
        """The grant named, else the one that fits best: this digest, this person, the newest."""
        named = grant_label(labels.get("grant", ""))
        if named in grants:
            return named
        return max(grants, key=lambda key: self._fit(key, subject, person), default="")

    def _fit(self, key: str, subject: Subject, person: str) -> tuple[bool, bool, float, str]:
        grant = self._book.grants[key]
        since = grant.starts.timestamp() if grant.starts else 0.0
        return subject.digest in grant.digests, person in grant.members, since, key

    def _candidates(self, subject: Subject) -> list[str]:
        named = grant_label(dict(subject.labels).get("grant", ""))
        found = {named} if named in self._book.grants else set()
        for image in (subject.digest, subject.repository):
            found |= self._by_image.get(image, set()) if image else set()
        return sorted(found)

    def _in(self, key: str, project: str) -> bool:
        return bool(project) and self._book.grants[key].project == project

    def _person(self, name: str) -> str:
        return self._book.people.get(fold(name), name) if name else ""


def segment(moments: tuple[datetime, ...], at: datetime) -> int:
    """Which of the stretches between `moments` a moment is in."""
    return bisect_right(moments, at)


def grant_label(value: str) -> str:
    """`grant:12` of what a label may hold: 12, grant-12, grant_12 (a colon is not allowed in Kubernetes)."""
    digits = value.strip().lower().removeprefix("grant").lstrip(":-_")
    return f"grant:{digits}" if digits.isascii() and digits.isdigit() else ""


@lru_cache(maxsize=10_000)
def _meaning(key: str) -> str:
    """What of ours a label names, if anything."""
    lower = key.lower()
    for prefix in _PREFIXES:
        lower = lower.removeprefix(prefix)
    return _KNOWN.get(_MANGLED.sub("_", lower), "")


def _by_image(grants: Mapping[str, GrantFacts]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, grant in grants.items():
        images: Iterable[str] = grant.repositories | grant.digests
        for image in images:
            found.setdefault(image, set()).add(key)
    return found
