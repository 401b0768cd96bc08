"""What a new stand-in holds: two projects with images, what scans found in them, a member and a robot of others."""

from datetime import UTC, datetime

from portal.sandbox.harbor.artifacts import add_image, add_report
from portal.sandbox.harbor.projects import add_member
from portal.sandbox.harbor.state import Row, State
from portal.sandbox.images import build_image

BUILT = datetime(2026, 10, 1, tzinfo=UTC)
IMAGES = (
    "ml-library/pytorch",
    "ml-library/triton",
    "ml-library/vllm",
    "ml-team/feature-store",
    "ml-team/labeling",
)
FINDING: Row = {
    "id": "CVE-2026-10001", "package": "openssl", "version": "3.0.11", "fix_version": "3.0.17", "severity": "High",
}  # fmt: skip


def seed(state: State, *, now: float) -> None:
    """Fill an empty state. What is not Purser's (a member, a robot) must be the same at the end."""
    for repository in IMAGES:
        title = repository.partition("/")[2]
        labels = {"org.opencontainers.image.title": title}
        image = build_image([{"README": title.encode()}], created=BUILT, labels=labels)
        row = add_image(state, repository, ["1.0", "latest"], image, now=now)
        add_report(state, repository, row["digest"], [FINDING] if title == "triton" else [], now=now)
    project = next(iter(state.projects.values()))
    add_member(state, project, "dora", role=1)
    add_foreign_robot(state, "ci-builder", project["name"], now=now)


def add_foreign_robot(state: State, name: str, project: str, *, now: float) -> Row:
    """A robot that somebody else made."""
    access = [{"resource": "repository", "action": "pull", "effect": "allow"}]
    row: Row = {
        "id": state.next_id(), "name": f"robot${name}", "level": "system", "project_id": 0, "description": "by hand",
        "disable": False, "editable": True, "secret": "Builder12345", "duration": -1, "expires_at": -1,
        "permissions": [{"kind": "project", "namespace": project, "access": access}], "created": now,
        "creation_time": "2026-01-01T00:00:00.000Z", "update_time": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    state.robots[row["id"]] = row
    return row
