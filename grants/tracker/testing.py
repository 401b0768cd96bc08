"""A project that is done in Jira, for tests."""

from datetime import datetime, timedelta

from grants.directory.models import Project
from grants.tracker.models import Watch, WindDown
from grants.tracker.states import Category, Kind


def wind_down(project: Project, *, now: datetime, hours: int = 24) -> WindDown:
    """The project is done in Jira since `now`; its access ends after so many hours."""
    Watch.objects.create(
        project=project, kind=Kind.ISSUE, configured="AF-12", key="AF-12", category=Category.DONE,
        status_name="Done", checked_at=now, next_check_at=now,
    )  # fmt: skip
    return WindDown.objects.create(
        project=project, reason="AF-12: Done", started_at=now, due_at=now + timedelta(hours=hours),
        closed_project=True,
    )  # fmt: skip
