from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from audit.ledger.models import Event
from grants.connectors.errors import ConnectorError, NotFound
from grants.connectors.jira import IssueFacts, ProjectFacts
from grants.directory.testing import cast
from grants.lifecycle.testing import make_grant
from grants.tracker import clients, tasks
from grants.tracker.models import Watch
from grants.tracker.watches import follow_projects

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "AF-12"


@dataclass
class FakeJira:
    """Answers as told; `before_answering` runs while a read is under way."""

    issues: dict[str, IssueFacts] = field(default_factory=dict)
    projects: dict[str, ProjectFacts] = field(default_factory=dict)
    error: ConnectorError | None = None
    asked: list[str] = field(default_factory=list)
    before_answering: Callable[[], object] = lambda: None

    def put(self, category: str = "new", *, key: str = KEY, jira_id: str = "10001", after: int = 0) -> None:
        """The issue as it is `after` so many seconds."""
        changed = NOW + timedelta(seconds=after)
        facts = IssueFacts(jira_id, key, "Find fraud", category, category, changed, "AF", changed)
        self.issues[jira_id] = facts

    def issue(self, name: str) -> IssueFacts:
        found = [each for each in self.issues.values() if name in (each.id, each.key)]
        return self._answer(name, found)

    def project(self, name: str) -> ProjectFacts:
        return self._answer(name, [each for each in self.projects.values() if name in (each.id, each.key)])

    def changed_since(self, since, *, now, keys=(), projects=()) -> list[IssueFacts]:
        self.asked.append(f"since {since.isoformat()}")
        if self.error:
            raise self.error
        return [each for each in self.issues.values() if {each.id, each.key} & set(keys)]

    def close(self) -> None:
        """Nothing to close."""

    def _answer(self, name, found):
        self.asked.append(name)
        error, answer = self.error, found[0] if found else None
        self.before_answering()
        if error:
            raise error
        if answer is None:
            raise NotFound("Jira answered 404: it is not there, or we may not see it.", code="404")
        return answer


@pytest.fixture
def jira(settings, monkeypatch):
    settings.JIRA = {
        **settings.JIRA,
        "base_url": "https://jira.example.com",
        "token": "secret",
        "user": "purser@example.com",
    }
    fake = FakeJira()
    fake.put()
    monkeypatch.setattr(clients, "JiraClient", lambda *args, **kwargs: fake)
    monkeypatch.setattr(tasks, "_publish", lambda: None)
    return fake


@pytest.fixture
def people(db):
    return cast()


@pytest.fixture
def project(people, jira):
    """A project that follows AF-12 without grace, and is already followed."""
    people.project.jira_issue, people.project.grace_hours = KEY, 0
    people.project.save()
    follow_projects(now=NOW)
    return people.project


@pytest.fixture
def grant(project, people):
    return make_grant(project=project, members=[people.bob])


@pytest.fixture
def watch(project):
    return lambda: Watch.objects.get(project=project)


@pytest.fixture
def kinds():
    """The kinds of all events, in order."""
    return lambda: list(Event.objects.order_by("sequence").values_list("kind", flat=True))
