"""The stand-in itself: its issues, and the webhook each change sends."""

from collections.abc import Callable

from portal.sandbox.jira import shapes
from portal.sandbox.jira.store import Flavour, Issue, Project, Store, now_ms

_PROJECT_EVENTS = {
    "archive": ("project_archived", True, False),
    "restore": ("project_restored_archived", False, False),
    "delete": ("project_soft_deleted", False, True),
}
PROJECT_ACTIONS = tuple(_PROJECT_EVENTS)


class Jira:
    """Changes go through here: each is stored, then announced to `announce`."""

    def __init__(self, store: Store, flavour: Flavour, announce: Callable[[shapes.Json], None]) -> None:
        self.store = store
        self.flavour = flavour
        self._announce = announce

    @property
    def is_cloud(self) -> bool:
        """Cloud or Data Center."""
        return self.flavour == "cloud"

    def create(self, project: Project, summary: str, *, base: str, status: str = "", key: str = "") -> Issue:
        """A new issue."""
        more = {"status": status} if status else {}
        issue = self.store.add_issue(project, summary, key=key, **more)
        self._issue_event("jira:issue_created", "issue_created", issue, base)
        return issue

    def move(self, issue: Issue, status: str, *, base: str) -> None:
        """Put an issue into a status; also into the one it has, which changes nothing and is announced."""
        before = issue.status
        self.store.move(issue, status)
        change = {"changelog": shapes.changelog(issue, before)}
        self._issue_event("jira:issue_updated", "issue_generic", issue, base, **change)

    def delete(self, issue: Issue, *, base: str) -> None:
        """Delete an issue; the announcement carries its state of before."""
        self._issue_event("jira:issue_deleted", "issue_deleted", issue, base)
        self.store.remove_issue(issue)

    def mark_project(self, project: Project, action: str, *, base: str) -> None:
        """Archive, restore or delete (into the trash) a project."""
        event, archived, deleted = _PROJECT_EVENTS[action]
        self.store.mark_project(project, archived=archived, deleted=deleted)
        shape = shapes.project_json(project, base) | {"id": int(project.id)}  # a number, unlike in REST
        self._announce({"timestamp": now_ms(), "webhookEvent": event, "project": shape})

    def _issue_event(self, event: str, kind: str, issue: Issue, base: str, **more: shapes.Json) -> None:
        self._announce(
            {
                "timestamp": now_ms(),
                "webhookEvent": event,
                "issue_event_type_name": kind,
                "user": shapes.user(self.flavour),
                "issue": shapes.issue_json(self.store, issue, base),
                **more,
            }
        )
