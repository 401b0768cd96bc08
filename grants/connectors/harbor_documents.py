"""Robots as Harbor writes them: read into entries, and entries written as the body of a call. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from grants.connectors.base import Attributes, Entry
from grants.connectors.errors import Malformed
from grants.connectors.harbor_names import DAY, Mark, days_until, end_seen, read_mark, read_moment
from grants.connectors.harbor_wire import read_time

RIGHTS = {
    "pull": (("repository", "pull"),),
    "push": (("repository", "push"),),
    "delete": (("repository", "delete"), ("artifact", "delete")),
}
"""What stands for one action: deleting by the Docker protocol and by the API are two rights."""
Right = tuple[str, str, str]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Robot:
    """One robot. `rights`: (project, resource, action); what is no project's right begins with `/`.

    `expires_at`: epoch seconds, -1 for never. `mark`: ours; None for anybody else's.
    """

    id: int
    name: str
    level: str
    description: str
    disabled: bool
    duration: int
    expires_at: int
    made: datetime
    changed: datetime
    rights: frozenset[Right]
    mark: Mark | None

    @property
    def expires(self) -> datetime | None:
        """When it ends by itself."""
        return datetime.fromtimestamp(self.expires_at, UTC) if self.expires_at > 0 else None

    @property
    def day_zero(self) -> datetime:
        """From when Harbor counts its days: its making, seen through its expiry where it has one."""
        if self.expires is not None and self.duration > 0:
            return self.expires - self.duration * DAY
        return self.made

    def closed_at(self, now: datetime) -> datetime | None:
        """Since when it gets no new tokens; None while it does.

        The later of our mark and Harbor's own last change: a call may have arrived long after it was sent.
        """
        ended = self.expires if self.expires is not None and self.expires <= now else None
        if not self.disabled or self.mark is None or self.mark.cut is None:
            return ended
        switched_off = max(self.mark.cut, min(self.changed, now))
        return min(switched_off, ended) if ended else switched_off


def read_robot(row: Row, *, installation: str) -> Robot:
    """One robot of an answer. Raises Malformed."""
    try:
        description = str(row.get("description") or "")
        made = read_time(row["creation_time"]) or datetime.fromtimestamp(0, UTC)
        return Robot(
            id=int(row["id"]),
            name=str(row["name"]),
            level=str(row["level"]),
            description=description,
            disabled=bool(row.get("disable")),
            duration=int(row.get("duration") or -1),
            expires_at=int(row["expires_at"]),
            made=made,
            changed=read_time(row.get("update_time")) or made,
            rights=frozenset(_rights(row.get("permissions") or [])),
            mark=read_mark(description, installation=installation),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("Harbor described a robot in a way Purser cannot read.") from None


def _rights(permissions: Iterable[Row]) -> Iterable[Right]:
    for permission in permissions:
        where = permission["namespace"] if permission["kind"] == "project" else "/"
        for access in permission.get("access") or []:
            if access.get("effect", "allow") in ("", "allow"):
                yield (str(where), str(access["resource"]), str(access["action"]))


def entry_of(robot: Robot, *, target: str) -> Entry | None:
    """The entry one of our robots stands for now; None for a stranger's and for one that is switched off."""
    if robot.mark is None or robot.disabled:
        return None
    ends = end_seen(robot.mark.words.get("ends", ""), expires_at=robot.expires_at)
    attributes = (*sorted(_actions(robot.rights)), ("ends", ends), ("seen_robot", robot.name))
    return Entry(target, robot.mark.kind, robot.mark.key, attributes)


def _actions(rights: frozenset[Right]) -> Attributes:
    """`(action, project)` for each action whose rights are all there; whatever else there is, as `extra`."""
    left, found = set(rights), []
    for project in {where for where, _, _ in rights if where != "/"}:
        for action, parts in RIGHTS.items():
            needed = {(project, resource, verb) for resource, verb in parts}
            if needed <= rights:
                found.append((action, project))
                left -= needed
    return tuple(found) + tuple(("extra", ":".join(right)) for right in left)


def rights_of(entry: Entry) -> frozenset[Right]:
    """The rights an entry stands for."""
    return frozenset(
        (project, resource, verb)
        for action, parts in RIGHTS.items()
        for project in entry.values(action)
        for resource, verb in parts
    )


def body_of(
    entry: Entry, *, name: str, installation: str, now: datetime, robot: Robot | None = None
) -> dict[str, Any]:
    """The body that makes the entry true: of a new robot, or of the change of one that is there.

    Where the change takes something away, the mark says when, and keeps an earlier `cut` that may still matter.
    """
    rights = rights_of(entry)
    words = {"ends": entry.first("ends"), "cut": _cut(robot, rights, now)}
    mark = Mark(installation, entry.kind, entry.key, words)
    ends = read_moment(entry.first("ends")) or now + DAY
    return _body(
        robot.name if robot else name,
        mark,
        rights=rights,
        days=days_until(ends, made=robot.day_zero if robot else now),
        disable=False,
    )


def _cut(robot: Robot | None, rights: frozenset[Right], now: datetime) -> str:
    if robot is None or robot.mark is None:
        return ""
    if robot.rights - rights:
        return str(int(now.timestamp()) + 1)
    return "" if robot.disabled else robot.mark.words.get("cut", "")


def ended_body(robot: Robot, *, now: datetime) -> dict[str, Any]:
    """The body that switches a robot of ours off and notes when."""
    if robot.mark is None:
        raise ValueError("only our own robots are switched off")
    mark = replace(robot.mark, words={**robot.mark.words, "cut": str(int(now.timestamp()) + 1)})
    return _body(robot.name, mark, rights=robot.rights, days=robot.duration, disable=True)


def _body(name: str, mark: Mark, *, rights: frozenset[Right], days: int, disable: bool) -> dict[str, Any]:
    by_place: dict[str, list[dict[str, str]]] = defaultdict(list)
    for where, resource, action in sorted(rights):
        by_place[where].append({"resource": resource, "action": action, "effect": "allow"})
    permissions = [
        {"kind": "system" if where == "/" else "project", "namespace": where, "access": access}
        for where, access in by_place.items()
    ]
    return {
        "name": name,
        "level": "system",
        "description": str(mark),
        "disable": disable,
        "duration": days,
        "permissions": permissions,
    }


def tokens_left(robot: Robot, *, lasts: timedelta, now: datetime) -> timedelta:
    """How long a token may still work that was made before something was taken away; zero when none may."""
    since = robot.closed_at(now) or (robot.mark.cut if robot.mark else None)
    return max(since + lasts - now, timedelta(0)) if since else timedelta(0)
