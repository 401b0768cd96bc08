"""A maker of pull credentials for tests: it remembers what it made and what was ended, on a clock of its own."""

from datetime import datetime, timedelta

from grants.connectors.kubernetes_secrets import Credentials, PullCredential
from grants.connectors.tests.contract import NOW


class Robots:
    """`made` and `retired`: the usernames, in order. `at`: its clock."""

    def __init__(self, *, life: timedelta = timedelta(days=9)) -> None:
        self.made: list[str] = []
        self.retired: list[str] = []
        self.at = NOW
        self._life = life

    def now(self) -> datetime:
        return self.at

    def make(self, namespace: str, project: str) -> PullCredential:
        self.made.append(f"robot:{project}-{len(self.made) + 1}")
        hosts = ("reg.example",)
        return PullCredential(hosts, self.made[-1], f"secret-of-{self.made[-1]}", self.at + self._life)

    def retire(self, username: str) -> None:
        self.retired.append(username)

    def sweep(self, namespace: str, project: str, named: frozenset[str]) -> frozenset[str]:
        self.retired += [
            one for one in self.alive if one not in named and one.startswith(f"robot:{project}-")
        ]
        return named & frozenset(self.alive)

    @property
    def credentials(self) -> Credentials:
        """As the connector wants them."""
        return Credentials(make=self.make, retire=self.retire, sweep=self.sweep)

    @property
    def alive(self) -> list[str]:
        """The credentials nobody has ended."""
        return [one for one in self.made if one not in self.retired]
