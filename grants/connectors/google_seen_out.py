"""Since when somebody is known to be out of a group, where Google does not tell whom it still counts."""

from datetime import datetime, timedelta

COUNTS_ON = timedelta(hours=24)
"""How long Google may act on a membership that was taken away: it says minutes, sometimes hours."""
UNBROKEN = timedelta(hours=6)
"""Whoever was not looked at for longer may have been in again meanwhile: the time starts anew."""
ALL = ""


class SeenOut:
    """One process's knowledge. Lost with the process: then the time starts anew, and a proof comes later."""

    def __init__(self) -> None:
        self._since: dict[str, dict[str, tuple[datetime, datetime]]] = {}

    def left(self, key: str, group: str, now: datetime) -> None:
        """A membership was taken away now, or is seen to be no more now (UTC). `group`: its address, or ALL."""
        self._since.setdefault(key, {})[group] = (now, now)

    def back(self, key: str, group: str) -> None:
        """It is wanted again: nothing has to be waited for."""
        self._since.get(key, {}).pop(group, None)

    def to_wait(self, key: str, now: datetime, *, all_out: bool) -> timedelta:
        """How long Google may count any of these still. `all_out`: the one looked for is in no group of ours now."""
        mine = self._since.setdefault(key, {})
        for group, (since, last) in list(mine.items()):
            if not last <= now <= last + UNBROKEN:
                del mine[group]
            else:
                mine[group] = (since, now)
        if all_out and not mine:
            self.left(key, ALL, now)
        return max((since + COUNTS_ON - now for since, _ in mine.values()), default=timedelta(0))


OF_THIS_PROCESS: dict[str, SeenOut] = {}
"""By target: connectors are made anew for each round of work and share it."""


def of_this_process(target: str) -> SeenOut:
    """What this process knows of a target."""
    return OF_THIS_PROCESS.setdefault(target, SeenOut())
