"""A maker of pull credentials for tests: it remembers what it made and what was ended, on a clock of its own."""

from datetime import datetime, timedelta

from grants.connectors.kubernetes_secrets import Credentials, Login, PullCredential
from grants.connectors.tests.contract import NOW


class Robots:
    """`made` and `retired`: the usernames, in order. `at`: its clock."""

    def __init__(self, *, life: timedelta = timedelta(days=9)) -> None:
        self.made: list[str] = []
        self.retired: list[str] = []
        self.at = NOW
        self.own: dict[str, bool] = {}  # hosts with credentials of their own, and whether they give any yet
        self._life = life

    def now(self) -> datetime:
        return self.at

    def make(self, namespace: str, project: str) -> PullCredential:
        self.made.append(f"robot:{project}-{len(self.made) + 1}")
        more = tuple(
            Login(host, f"robot-of-{host}", f"{len(self.made)}") for host, there in self.own.items() if there
        )
        missing = frozenset(host for host, there in self.own.items() if not there)
        name, ends = self.made[-1], self.at + self._life
        return PullCredential(("reg.example",), name, f"secret-of-{name}", ends, more, missing)

    def ready(self, namespace: str, project: str, hosts: frozenset[str]) -> bool:
        return any(self.own.get(host, True) for host in hosts)

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
        return Credentials(make=self.make, retire=self.retire, sweep=self.sweep, ready=self.ready)

    @property
    def alive(self) -> list[str]:
        """The credentials nobody has ended."""
        return [one for one in self.made if one not in self.retired]
