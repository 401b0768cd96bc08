"""Who does things: the actor every change names."""

from dataclasses import dataclass
from typing import Literal, get_args

ActorKind = Literal["person", "robot", "system", "operator"]
KINDS: tuple[str, ...] = get_args(ActorKind)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, as text that outlives the account: `id` identifies, `name` is what people read."""

    kind: ActorKind
    id: str
    name: str

    def __post_init__(self) -> None:
        """Refuse an unknown kind or an actor without an identity."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of actor: {self.kind!r}")
        if not self.id:
            raise ValueError("an actor needs an id")

    @property
    def label(self) -> str:
        """The stable name in the ledger, e.g. `person:12`."""
        return f"{self.kind}:{self.id}"


def system(name: str) -> Actor:
    """The actor of work Purser does by itself, e.g. `system("expiry")` -> label `system:expiry`."""
    return Actor(kind="system", id=name, name=f"Purser ({name})")


def operator(name: str) -> Actor:
    """The actor of a command typed on the server, e.g. `operator("root")`."""
    return Actor(kind="operator", id=name, name=name)


SYSTEM = system("purser")
