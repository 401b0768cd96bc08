"""A Harbor stand-in with other people's things in it, and a connector that speaks to it by a clock of the test's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from grants.connectors.base import Entry
from grants.connectors.harbor import HarborConnector
from grants.connectors.harbor_documents import rights_of
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.harbor_names import IMAGE, robot_name
from grants.connectors.harbor_policies import read_memory, stronger
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_wire import HarborWire
from grants.connectors.tests.contract import NOW, TARGET
from portal.sandbox.harbor.access import rights_of as rights_in
from portal.sandbox.harbor.app import Harbor
from portal.sandbox.harbor.projects import add_member
from portal.sandbox.harbor.seeding import IMAGES, add_foreign_robot, seed
from portal.sandbox.harbor.state import Row
from portal.sandbox.standin import running

SECRET = "a-webhook-secret"
WEBHOOK = "http://127.0.0.1:9/webhooks/harbor/target/"
GROUPS = "ml-{project}-{role}"
PROJECTS, ROLES = ("anti-fraud-v2", "credit"), ("viewer", "developer", "admin")
OUR_GROUPS = {template.format(project=name, role=role) for template in ("ml-{project}-{role}", "ml-{project}")
              for name in PROJECTS for role in ROLES}  # fmt: skip


@dataclass
class World:
    """The stand-in, its address, and the connector."""

    harbor: Harbor
    address: str
    settings: HarborSettings
    connector: HarborConnector
    layout: HarborLayout

    def now(self) -> datetime:
        """The clock both go by."""
        return datetime.fromtimestamp(self.harbor.now, UTC)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.harbor.state.offset += seconds

    def robot(self, entry: Entry) -> Row | None:
        """The robot of an entry as the stand-in has it."""
        name = "robot$" + robot_name("purser", entry.kind, entry.key)
        return next((row for row in self.harbor.state.robots.values() if row["name"] == name), None)

    def truth(self, entry: Entry) -> bool:
        """Whether Harbor really gives what the entry says, and no more of it than that."""
        if entry.kind == IMAGE:
            return self._policy_follows(entry)
        robot = self.robot(entry)
        given = set(rights_in(robot)) if robot and not robot["disable"] else set()
        return bool(given) and given == rights_of(entry)

    def undo(self, entry: Entry) -> None:
        """Take an entry away behind everybody's back."""
        state = self.harbor.state
        if entry.kind == IMAGE:
            state.policies = {
                key: row for key, row in state.policies.items() if row["name"] != "purser-pulls"
            }
        else:
            state.robots = {key: row for key, row in state.robots.items() if row != self.robot(entry)}

    def groups(self) -> dict[tuple[str, str], int]:
        """The groups of ours: Harbor project and name to role."""
        names = {row["project_id"]: row["name"] for row in self.harbor.state.projects.values()}
        return {
            (names[row["project_id"]], row["entity_name"]): row["role_id"]
            for row in self.harbor.state.members.values()
            if row["entity_type"] == "g" and row["entity_name"] in OUR_GROUPS
        }

    def foreign(self) -> list[Row]:
        """Everything that is not ours."""
        state = self.harbor.state
        robots = [row for row in state.robots.values() if not row["name"].startswith("robot$purser-p")]
        members = [row for row in state.members.values() if row["entity_name"] not in OUR_GROUPS]
        policies = [row for row in state.policies.values() if row["name"] != "purser-pulls"]
        return robots + members + policies

    def _policy_follows(self, entry: Entry) -> bool:
        state = self.harbor.state
        project = next(row for row in state.projects.values() if row["name"] == entry.first("project"))
        groups = {
            row["entity_name"]: row["role_id"]
            for row in state.members.values()
            if row["project_id"] == project["project_id"] and row["entity_type"] == "g"
        }
        # Another image of the project may want more of the same group.
        wanted = [pair.rpartition(":") for pair in entry.values("group")]
        held = all(name in groups and not stronger(int(role), groups[name]) for name, _, role in wanted)
        for row in state.policies.values():
            memory = read_memory(row["description"], installation="test")
            if row["project_id"] == project["project_id"] and memory and entry.key in memory.images:
                return bool(row["enabled"]) and held
        return False


@contextmanager
def world(
    *, groups: str = "", webhook: str = WEBHOOK, payload_format: str = "Default", timeout: float = 0.3
) -> Iterator[World]:
    """A seeded stand-in that runs, with a robot, a group, members and a webhook that somebody else made."""
    harbor = Harbor(clock=NOW.timestamp)
    seed(harbor.state, now=NOW.timestamp())
    project = next(iter(harbor.state.projects.values()))
    add_member(harbor.state, project, "ml-readers", kind="g", role=3)
    add_foreign_robot(harbor.state, "purser-lookalike", project["name"], now=NOW.timestamp())
    access = [{"resource": "repository", "action": "push"}]
    own = {
        **add_foreign_robot(harbor.state, f"{project['name']}+builder", project["name"], now=NOW.timestamp())
    }
    harbor.state.robots[own["id"]] = {
        **own, "level": "project", "project_id": project["project_id"],
        "permissions": [{"kind": "project", "namespace": project["name"], "access": access}],
    }  # fmt: skip
    harbor.state.policies[999] = {
        "id": 999, "project_id": project["project_id"], "name": "chat", "description": "", "enabled": True,
        "event_types": ["PUSH_ARTIFACT"], "targets": [{"type": "slack", "address": "http://127.0.0.1:9/"}],
        "creator": "dora", "creation_time": "",
    }  # fmt: skip
    with running(harbor) as address:
        settings = HarborSettings(
            TARGET,
            "test",
            webhook_url=webhook,
            webhook_secret=SECRET,
            payload_format=payload_format,
            clock=lambda: datetime.fromtimestamp(harbor.now, UTC),
        )
        wire = HarborWire(address, user="admin", secret=harbor.secret, timeout=timeout)
        layout = HarborLayout(TARGET, groups=groups, repositories=_in_project)
        with HarborConnector(wire, settings) as connector:
            yield World(harbor, address, settings, connector, layout)


def _in_project(project: str) -> list[str]:
    return [image for image in IMAGES if image.startswith(f"{project}/")]
