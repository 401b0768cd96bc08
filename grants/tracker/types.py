"""Values of the tracker."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from grants.tracker.models import WindDown

Receipt = Literal["stored", "duplicate", "ignored"]
"""What became of a webhook: taken as a hint, known already, or about nothing we follow."""


@dataclass(frozen=True, slots=True)
class Said:
    """What Jira says now about an issue or a project. `changed_at`: Jira's time; None when it does not say."""

    id: str
    key: str
    category: str
    status_name: str = ""
    changed_at: datetime | None = None
    category_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectTracking:
    """What a project page shows of Jira. Sentences are translated; empty text means there is nothing to say."""

    kind: str
    name: str
    url: str
    status_name: str
    done: bool
    said_at: datetime | None
    missing_since: datetime | None
    problem: str
    wind_down: WindDown | None
    sentence: str


@dataclass(frozen=True, slots=True)
class EndPreview:
    """What would happen if a project were done now. `braked`: too much would end, so an administrator decides."""

    grants: int
    people: int
    ends_at: datetime
    braked: bool


@dataclass(frozen=True, slots=True)
class JiraHealth:
    """How the connection to Jira is. `due`: watches overdue by more than a minute; `missing`: keys not found."""

    configured: bool
    ok: bool
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str
    due: int
    missing: tuple[str, ...]
    sentence: str
