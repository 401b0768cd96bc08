"""Threads for each target with work due: one that does not answer keeps nothing waiting but its own work."""

import threading
from collections.abc import Callable
from logging import getLogger

from django.db import connection

log = getLogger(__name__)


class Lane:
    """Does one target's work of one kind in threads of its own, once for however many asked meanwhile.

    It begins with one thread; the work itself asks for more hands where there is much to do. The threads stay, because
    connectors remember what their target can do; their database connections do not.
    """

    def __init__(self, target: str, work: Callable[[str], object], *, named: str) -> None:
        self._target, self._work, self._named = target, work, named
        self._changed = threading.Condition()
        self._asked = self._busy = self._hands = 0
        self._hire()

    def ask(self) -> None:
        """Have the due lines worked, now or once more after what is being worked now. Never waits."""
        with self._changed:
            self._asked = max(1, self._asked)
            self._changed.notify_all()

    def ask_more(self, *, at_most: int) -> None:
        """Have one more thread work beside those that do, but no more than `at_most` in all. Never waits."""
        with self._changed:
            if self._asked + self._busy >= at_most:
                return
            self._asked += 1
            if self._asked + self._busy > self._hands:
                self._hire()
            self._changed.notify_all()

    def settled(self, seconds: float) -> bool:
        """Whether nothing is left to do, at the latest after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._asked or self._busy), seconds)

    def _hire(self) -> None:
        self._hands += 1
        name = f"{self._named} {self._target}, {self._hands}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked)
                self._asked, self._busy = self._asked - 1, self._busy + 1
            try:
                self._work(self._target)
            except Exception:
                log.exception(
                    "The work of a lane failed", extra={"lane": self._named, "target": self._target}
                )
            finally:
                connection.close()
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()


class Lanes:
    """The lanes of this process for one kind of work, made as they are needed.

    `work(target)`: what a lane does when it is asked. `named`: what its threads are called before the target's key.
    """

    def __init__(self, work: Callable[[str], object], *, named: str = "delivery to") -> None:
        self._work, self._named = work, named
        self._made: dict[str, Lane] = {}
        self._one_at_a_time = threading.Lock()

    def ask(self, target: str) -> None:
        """Have the due lines of a target worked. Never waits."""
        self._lane(target).ask()

    def ask_more(self, target: str, *, at_most: int) -> None:
        """Have one more thread work the due lines of a target, `at_most` in all. Never waits."""
        self._lane(target).ask_more(at_most=at_most)

    def _lane(self, target: str) -> Lane:
        with self._one_at_a_time:
            return self._made.get(target) or self._made.setdefault(
                target, Lane(target, self._work, named=self._named)
            )

    def settle(self, seconds: float) -> bool:
        """Wait until no lane has anything left to do, for at most so many seconds each; whether that is so."""
        with self._one_at_a_time:
            lanes = list(self._made.values())
        unsettled = [lane for lane in lanes if not lane.settled(seconds)]
        return not unsettled
