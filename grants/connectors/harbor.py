"""Access to a Harbor: a robot for each person and for each project's workloads, and word of every pull.

Harbor knows rights to whole projects, so a robot reaches all images of the Harbor projects its grants name; the layout
says where that is more than was asked for. Entries: `harbor_layout`. Robots expire by themselves, by the day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from grants.connectors.base import Change, Entry, Outcome, Scope
from grants.connectors.errors import Permanent
from grants.connectors.harbor_documents import Robot, entry_of
from grants.connectors.harbor_names import IMAGE, MEMBER, ROBOT, project_of
from grants.connectors.harbor_projects import Projects
from grants.connectors.harbor_robots import Robots
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_wire import HarborWire

FEW = 20  # robots asked for one by one; more are found faster in the whole list
STRANGER = "somebody at Harbor"


@dataclass(frozen=True, slots=True)
class RobotCredential:
    """What `docker login` wants. The secret before it works no more; nobody keeps this one but who is shown it."""

    username: str
    secret: str = field(repr=False)
    expires: datetime | None = None


class HarborConnector:
    """`Connector`, `Finds` and `Describes` for one Harbor."""

    def __init__(self, wire: HarborWire, settings: HarborSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._robots = Robots(wire, settings)
        self._projects = Projects(wire, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._wire.close()

    def observe(self, scope: Scope) -> Sequence[Entry]:
        """The scope's entries in force now; without entries, all of ours."""
        if not scope.entries:
            images = [
                entry for project in self._projects.numbers() for entry in self._projects.entries(project)
            ]
            return [*self._robot_entries(), *images]
        wanted = {entry.identity for entry in scope.entries}
        robots = [entry for entry in scope.entries if entry.kind in (MEMBER, ROBOT)]
        found = self._robot_entries() if len(robots) > FEW else self._robots_one_by_one(robots)
        projects = sorted({project_of(entry.key) for entry in scope.entries if entry.kind == IMAGE} - {""})
        images = [entry for project in projects for entry in self._projects.entries(project)]
        return [entry for entry in (*found, *images) if entry.identity in wanted]

    def apply(self, change: Change) -> Outcome:
        """Make the entry true. Not proven while a token made before may reach what was taken away."""
        return self._keeper(change).apply(change)

    def remove(self, change: Change) -> Outcome:
        """Make the entry untrue. Raises NotYet while a token made before may still work."""
        return self._keeper(change).remove(change)

    def foreign(self, scope: Scope) -> Iterable[Entry]:
        """Robots and members of others that reach the Harbor projects we manage."""
        projects = self._managed(scope)
        for robot in self._robots.every():
            if robot.mark is None and (reached := _reached(robot, projects)):
                yield self._stranger("robot-account", robot.name, reached)
        numbers = self._projects.numbers()
        for project in sorted(projects & numbers.keys()):
            for robot in self._robots.of_project(numbers[project]):
                yield self._stranger("robot-account", robot.name, {project})
            yield from self._strange_members(project)

    def describe(self, entry: Entry) -> str:
        """What the entry gives, for the people who use it."""
        if entry.kind == IMAGE:
            return f"Pulls from the Harbor project {entry.first('project')} are told to Purser."
        who = "The project's workloads" if entry.kind == ROBOT else "This person"
        whole = ", ".join(entry.values("pull")) or "no project"
        verbs = ", ".join(name for name in ("pull", "push", "delete") if entry.values(name))
        return (
            f"{who} may {verbs or 'do nothing'} in all of {whole}: Harbor knows no rights to single images."
        )

    def credential(self, entry: Entry) -> RobotCredential:
        """A new secret of the robot of a member or robot entry, which ends the one before; shown once.

        Raises Permanent when the robot is not in force, UnknownOutcome when the answer was lost (the old secret then
        may be over, and asking again is safe).
        """
        if entry.kind not in (MEMBER, ROBOT):
            raise Permanent("Only people and workloads have a credential at Harbor.")
        robot, secret = self._robots.refresh(entry)
        return RobotCredential(robot.name, secret, robot.expires)

    def _keeper(self, change: Change) -> Robots | Projects:
        if change.entry.kind == IMAGE:
            return self._projects
        if change.entry.kind in (MEMBER, ROBOT):
            return self._robots
        raise Permanent("Harbor has entries of the kinds member, robot and image only.")

    def _robot_entries(self) -> list[Entry]:
        entries = (entry_of(robot, target=self._settings.target) for robot in self._robots.ours())
        return [entry for entry in entries if entry is not None]

    def _robots_one_by_one(self, wanted: Sequence[Entry]) -> list[Entry]:
        robots = (self._robots.find(entry.kind, entry.key) for entry in wanted)
        entries = (entry_of(robot, target=self._settings.target) for robot in robots if robot is not None)
        return [entry for entry in entries if entry is not None]

    def _managed(self, scope: Scope) -> set[str]:
        entries = scope.entries or tuple(self.observe(scope))
        named = {value for entry in entries for name in ("pull", "project") for value in entry.values(name)}
        return named | {project_of(entry.key) for entry in entries if entry.kind == IMAGE} - {""}

    def _strange_members(self, project: str) -> Iterator[Entry]:
        ours = self._projects.ours_in(project)
        for row in self._projects.members(project):
            name = str(row.get("entity_name"))
            if row.get("entity_type") != "g" or name not in ours:
                yield self._stranger(
                    "project-member", f"{project}/{name}", {project}, str(row.get("role_name"))
                )

    def _stranger(self, kind: str, key: str, projects: set[str], role: str = "") -> Entry:
        known = [("project", project) for project in sorted(projects)] + ([("role", role)] if role else [])
        return Entry(self._settings.target, kind, key, (*known, ("seen_owner", STRANGER)))


def _reached(robot: Robot, projects: set[str]) -> set[str]:
    places = {where for where, _, _ in robot.rights}
    return projects if "*" in places else places & projects
