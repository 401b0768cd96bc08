"""Robots at a Harbor: found by name, made, changed, switched off, and deleted when no token of theirs works any more.

The end of a robot is two steps, because Harbor honours a token it gave until it runs out, whatever became of the robot
(2.15, `src/server/middleware/v2auth`). First it is switched off, which ends new tokens at once, and its description
notes when; once the last token must have run out, it is deleted. The note stands at Harbor, so whoever comes next,
after a crash or from another machine, knows how far it is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from grants.connectors.base import Change, Entry, Outcome, same_facts
from grants.connectors.errors import Conflict, Malformed, NotFound, NotYet, Permanent, Refused
from grants.connectors.harbor_documents import (
    Robot,
    body_of,
    ended_body,
    entry_of,
    read_robot,
    tokens_left,
)
from grants.connectors.harbor_names import is_robot_name, robot_name
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_wire import HarborWire, redone

LOOKS = 3  # that must agree before something counts as gone: a replica may answer from before
SLACK = timedelta(seconds=60)  # between our clock and Harbor's
USUAL_TOKENS = timedelta(minutes=30)


class Robots:
    """The robots of this installation at one Harbor."""

    def __init__(self, wire: HarborWire, settings: HarborSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._lasts: timedelta | None = None

    def find(self, kind: str, key: str) -> Robot | None:
        """The robot that has the name of ours for this person or project, whoever made it."""
        name = robot_name(self._settings.prefix, kind, key)
        if not is_robot_name(name):
            raise Permanent(f"Harbor does not accept the robot name {name}.")
        # The list knows names without Harbor's own prefix, and answers with it.
        rows = self._wire.get("/robots", q=f"name={name}", page="1", page_size="10") or []
        found = [read_robot(row, installation=self._settings.installation) for row in rows]
        return next((robot for robot in found if robot.name.endswith(name)), None)

    def ours(self) -> Iterator[Robot]:
        """Every robot of this installation."""
        return (robot for robot in self.every() if robot.mark is not None)

    def every(self) -> Iterator[Robot]:
        """Every robot of the system's level."""
        return self._listed()

    def of_project(self, number: int) -> Iterator[Robot]:
        """The robots of one Harbor project's own. None of them is ever ours."""
        return self._listed(q=f"Level=project,ProjectID={number}")

    def _listed(self, **query: str) -> Iterator[Robot]:
        for row in self._wire.pages("/robots", **query):
            yield read_robot(row, installation=self._settings.installation)

    def apply(self, change: Change) -> Outcome:
        """Make the robot as the entry says."""
        return redone(self._wire.host, lambda: self._apply_once(change))

    def remove(self, change: Change) -> Outcome:
        """Switch the robot off, and delete it when its last token has run out. Raises NotYet before that."""
        return redone(self._wire.host, lambda: self._remove_once(change))

    def refresh(self, entry: Entry) -> tuple[Robot, str]:
        """A new secret of the robot, which ends the one before. Raises Permanent when the robot is not in force."""
        robot = self.find(entry.kind, entry.key)
        if robot is None or robot.mark is None or robot.closed_at(self._settings.clock()) is not None:
            raise Permanent("Harbor has no robot in force here: the access is not set up or has ended.")
        answer = self._wire.send("PATCH", f"/robots/{robot.id}", {"secret": ""})
        secret = answer.get("secret") if isinstance(answer, dict) else None
        if not isinstance(secret, str) or not secret:
            raise Malformed(f"{self._wire.host} made a new secret but did not say it.")
        return robot, secret

    def _remove_once(self, change: Change) -> Outcome:
        entry, settings = change.entry, self._settings
        robot = self.find(entry.kind, entry.key)
        if robot is not None and robot.mark is None and not _is_over(robot, settings.clock()):
            # It may be ours, with its description rewritten by hand: then what was granted goes on, whoever's it is.
            raise Permanent(
                f"Harbor has a robot {robot.name} without Purser's mark: somebody has to delete it or switch it off."
            )
        if robot is None or robot.mark is None:
            return self._gone(change, changed=False)
        if robot.closed_at(settings.clock()) is None:
            body = ended_body(robot, now=settings.clock())
            self._wire.send("PUT", f"/robots/{robot.id}", body)
            robot = self._read(robot.id)
            if robot is None or robot.closed_at(settings.clock()) is None:
                detail = f"{self._wire.host} accepted the change but has not made it."
                return Outcome(change, changed=True, proven=False, detail=detail, at=settings.clock())
        self._wait_for_tokens(robot)
        try:
            self._wire.send("DELETE", f"/robots/{robot.id}")
        except NotFound:
            return self._gone(change, changed=False)
        return self._gone(change, changed=True, number=robot.id)

    def _apply_once(self, change: Change) -> Outcome:
        entry = change.entry
        robot = self.find(entry.kind, entry.key)
        if robot is not None and robot.mark is None:
            raise Permanent(f"Harbor has a robot {robot.name} that Purser did not make.")
        if robot is not None and self._holds(robot, entry):
            # A second look: the first may have been answered from before the last change.
            return self._outcome(change, self._read(robot.id), changed=False)
        return self._outcome(change, self._read(self._write(entry, robot)), changed=True)

    def _write(self, entry: Entry, robot: Robot | None) -> int:
        settings = self._settings
        name = robot_name(settings.prefix, entry.kind, entry.key)
        body = body_of(
            entry, name=name, installation=settings.installation, now=settings.clock(), robot=robot
        )
        try:
            if robot is not None:
                self._wire.send("PUT", f"/robots/{robot.id}", body)
                return robot.id
            # The answer holds the secret, once. Nobody needs it now: it is forgotten here.
            return _number(self._wire.send("POST", "/robots", body), self._wire.host)
        except NotFound:
            raise self._what_is_missing(entry, robot) from None

    def _what_is_missing(self, entry: Entry, robot: Robot | None) -> Exception:
        if robot is not None and self._read(robot.id) is None:
            return Conflict(f"{self._wire.host} lost the robot in between.")
        projects = sorted({value for name, value in entry.attributes if name in ("pull", "push", "delete")})
        return Permanent(f"Harbor lacks one of these projects: {', '.join(projects)}.")

    def _read(self, number: int) -> Robot | None:
        try:
            row = self._wire.get(f"/robots/{number}")
        except NotFound:
            return None
        return read_robot(row, installation=self._settings.installation)

    def _holds(self, robot: Robot, entry: Entry) -> bool:
        seen = entry_of(robot, target=entry.target)
        return seen is not None and same_facts(seen, entry)

    def _outcome(self, change: Change, robot: Robot | None, *, changed: bool) -> Outcome:
        now = self._settings.clock()
        if robot is None or not self._holds(robot, change.entry):
            detail = f"{self._wire.host} does not show the change."
            return Outcome(change, changed=changed, proven=False, detail=detail, at=now)
        left = tokens_left(robot, lasts=self.tokens_last(), now=now) if _was_cut(robot) else timedelta(0)
        detail = f"{robot.name} reads back as wanted."
        if left:
            detail += f" Tokens made before may reach what was taken away for {_minutes(left)} more."
        return Outcome(change, changed, not left, detail, now, ends_itself_at=robot.expires)

    def _gone(self, change: Change, *, changed: bool, number: int | None = None) -> Outcome:
        entry, now = change.entry, self._settings.clock()
        looks = [self.find(entry.kind, entry.key) for _ in range(LOOKS)]
        still = any(robot is not None and robot.mark is not None for robot in looks)
        if still or (number is not None and self._read(number) is not None):
            detail = f"{self._wire.host} still shows the robot."
            return Outcome(change, changed=changed, proven=False, detail=detail, at=now)
        detail = "The robot is gone, and so is every token it could have got."
        return Outcome(change, changed=changed, proven=True, detail=detail, at=now)

    def _wait_for_tokens(self, robot: Robot) -> None:
        left = tokens_left(robot, lasts=self.tokens_last(), now=self._settings.clock())
        if left:
            raise NotYet(
                f"{robot.name} gets no more tokens; one made before may work for {_minutes(left)}.",
                retry_after=left.total_seconds(),
            )

    def tokens_last(self) -> timedelta:
        """How long a token of Harbor's works: as set for us, else as Harbor says, else its usual 30 minutes."""
        if self._settings.tokens_last is not None:
            return self._settings.tokens_last + SLACK
        if self._lasts is None:
            self._lasts = self._ask_tokens_last()
        return self._lasts + SLACK

    def _ask_tokens_last(self) -> timedelta:
        try:
            document = self._wire.get("/configurations")
        except Refused:
            return USUAL_TOKENS  # our robot may not read the configuration
        value = (document.get("token_expiration") or {}).get("value") if isinstance(document, dict) else None
        return timedelta(minutes=value) if isinstance(value, int) and value > 0 else USUAL_TOKENS


def _is_over(robot: Robot, now: datetime) -> bool:
    return robot.disabled or (robot.expires is not None and robot.expires <= now)


def _was_cut(robot: Robot) -> bool:
    return robot.mark is not None and robot.mark.cut is not None


def _number(answer: Any, host: str) -> int:
    number = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(number, int):
        raise Malformed(f"{host} made a robot but did not say its number.")
    return number


def _minutes(left: timedelta) -> str:
    return f"{max(1, round(left.total_seconds() / 60))} min"
