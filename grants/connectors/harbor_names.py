"""Harbor's names and ours in them: projects, robots, the mark that says a thing is ours, and days. Pure.

A robot has no labels, so its description is the mark: `purser:<installation>:member:person:12` and words `name=value`
behind it. `ends`: until when the grants last that stand behind it. `cut`: when some of its access was last taken away
(epoch seconds); tokens made before may still work for a while.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MEMBER, IMAGE, ROBOT = "member", "image", "robot"
DAY = timedelta(days=1)
ROUNDING = timedelta(hours=1)
"""How far two clocks may be apart, and a summer time may move the end, before an expiry counts as another one."""
PERSON = "person:"
NEVER = "never"
_ROBOT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_PROJECT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


def project_of(repository: str) -> str:
    """The Harbor project of a repository (`lib/torch` -> `lib`), or "" when it names none."""
    project, slash, name = repository.partition("/")
    return project if slash and name and _PROJECT.fullmatch(project) else ""


def robot_name(prefix: str, kind: str, key: str) -> str:
    """The name we give the robot of a person or project, without Harbor's own prefix."""
    return f"{prefix}-person-{key.removeprefix(PERSON)}" if kind == MEMBER else f"{prefix}-project-{key}"


def cluster_robot(project: str, cluster: str) -> str:
    """The key of the robot of a project's workloads in one cluster. No project's key has a dot."""
    return f"{project}.{cluster}"


def is_robot_name(name: str) -> bool:
    """Whether Harbor accepts it: small letters and digits, single `.`, `_` or `-` between them."""
    return len(name) <= 200 and bool(_ROBOT.fullmatch(name))


def holder_of(operator: str, *, prefix: str, robot_prefix: str) -> tuple[str, str] | None:
    """Kind and key behind one of our robots' full names; None for anybody else.

    `robot$purser-person-12` -> (`member`, `person:12`), `robot$purser-project-x` -> (`robot`, `x`).
    """
    name = operator.removeprefix(robot_prefix)
    if name == operator:
        return None
    if (person := name.removeprefix(f"{prefix}-person-")) != name and person.isascii() and person.isdigit():
        return MEMBER, f"{PERSON}{person}"
    if (project := name.removeprefix(f"{prefix}-project-")) != name and project:
        return ROBOT, project
    return None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a description of ours says."""

    installation: str
    kind: str
    key: str
    words: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = [f"{name}={value}" for name, value in sorted(self.words.items()) if value]
        return " ".join([f"purser:{self.installation}:{self.kind}:{self.key}", *said])

    @property
    def cut(self) -> datetime | None:
        """When some access was last taken away."""
        word = self.words.get("cut", "")
        return datetime.fromtimestamp(int(word), UTC) if word.isascii() and word.isdigit() else None


def read_mark(description: str, *, installation: str) -> Mark | None:
    """The mark of this installation in a description; None for anybody else's."""
    head, *words = description.split()[:10] or [""]
    start = f"purser:{installation}:"
    kind, _, key = head.removeprefix(start).partition(":")
    if not head.startswith(start) or kind not in (MEMBER, ROBOT) or not key:
        return None
    pairs = (word.partition("=") for word in words)
    return Mark(installation, kind, key, {name: value for name, _, value in pairs})


def moment(at: datetime) -> str:
    """A time as entries and marks write it: UTC, whole seconds, rounded up."""
    whole = at.astimezone(UTC)
    if whole.microsecond:
        whole = whole.replace(microsecond=0) + timedelta(seconds=1)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str) -> datetime | None:
    """A time as `moment` wrote it; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def days_until(ends: datetime, *, made: datetime) -> int:
    """Days from a robot's making that reach its end: rounded up, one at least.

    Harbor counts a robot's days from its making, whenever they are changed.
    """
    return max(1, -((made - ends) // DAY))


def end_seen(declared: str, *, expires_at: int) -> str:
    """What a robot's expiry stands for: the end it was set for, if it is that end rounded up to a day.

    Otherwise what Harbor says itself: somebody changed it.
    """
    if expires_at < 0:
        return NEVER
    expires, ends = datetime.fromtimestamp(expires_at, UTC), read_moment(declared)
    if ends is not None and ends <= expires < ends + DAY + ROUNDING:
        return declared
    return moment(expires)
