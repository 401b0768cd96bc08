"""What the stand-in remembers: projects and issues in one JSON file, replaced as a whole at each change."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Flavour = Literal["cloud", "datacenter"]


@dataclass(frozen=True, slots=True)
class Status:
    """A workflow status, its category and the transition that leads to it."""

    id: str
    name: str
    category: str
    transition: str


STATUSES = {
    status.id: status
    for status in (
        Status("10000", "To Do", "new", "11"),
        Status("3", "In Progress", "indeterminate", "21"),
        Status("10001", "Done", "done", "31"),
        Status("10002", "已关闭", "done", "41"),  # a translated name: only the category says that it is done
    )
}
TO_DO, DONE = "10000", "10001"


@dataclass(slots=True)
class Project:
    """A project."""

    id: str
    key: str
    name: str
    archived: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Issue:
    """An issue; times are milliseconds since 1970."""

    id: str
    key: str
    project_id: str
    summary: str
    status: str
    created: int
    updated: int
    category_changed: int

    @property
    def category(self) -> str:
        """The key of the status category."""
        return STATUSES[self.status].category


class Store:
    """All projects and issues. Every method that changes something has written the file when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self._last_id = int(known.get("last_id", 10000))
        self.projects = {each["id"]: Project(**each) for each in known.get("projects", [])}
        self.issues = {each["id"]: Issue(**each) for each in known.get("issues", [])}

    def project(self, key_or_id: str) -> Project | None:
        """The project with this key or id, unless it is in the trash."""
        found = (each for each in self.projects.values() if key_or_id in (each.id, each.key))
        return next((each for each in found if not each.deleted), None)

    def issue(self, key_or_id: str) -> Issue | None:
        """The issue with this id or key, whatever the letters' case."""
        wanted = key_or_id.upper()
        found = self.issues.get(key_or_id)
        return found or next((each for each in self.issues.values() if each.key == wanted), None)

    def add_project(self, key: str, name: str = "") -> Project:
        """The project with this key, made if need be."""
        found = self.project(key)
        if found is None:
            found = Project(self._next_id(), key, name or key)
            self.projects[found.id] = found
            self._save()
        return found

    def add_issue(self, project: Project, summary: str, *, status: str = TO_DO, key: str = "") -> Issue:
        """A new issue with the next free key of its project, or with the key given."""
        now = now_ms()
        issue = Issue(
            self._next_id(), key or self._next_key(project), project.id, summary, status, now, now, now
        )
        self.issues[issue.id] = issue
        self._save()
        return issue

    def move(self, issue: Issue, status: str) -> None:
        """Put an issue into a status."""
        issue.updated = max(now_ms(), issue.updated + 1)
        if STATUSES[status].category != issue.category:
            issue.category_changed = issue.updated
        issue.status = status
        self._save()

    def remove_issue(self, issue: Issue) -> None:
        """Delete an issue."""
        del self.issues[issue.id]
        self._save()

    def mark_project(self, project: Project, *, archived: bool, deleted: bool) -> None:
        """Archive or trash a project, or take it back."""
        project.archived, project.deleted = archived, deleted
        self._save()

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def _next_key(self, project: Project) -> str:
        numbers = [
            int(each.key.rsplit("-", 1)[1]) for each in self.issues.values() if each.project_id == project.id
        ]
        return f"{project.key}-{max(numbers, default=0) + 1}"

    def _save(self) -> None:
        known = {
            "last_id": self._last_id,
            "projects": [asdict(each) for each in self.projects.values()],
            "issues": [asdict(each) for each in self.issues.values()],
        }
        written = self._path.with_name(self._path.name + ".new")
        written.write_text(json.dumps(known, ensure_ascii=False, indent=1), "utf-8")
        written.replace(self._path)


def now_ms() -> int:
    """The present in milliseconds since 1970."""
    return int(datetime.now(UTC).timestamp() * 1000)
