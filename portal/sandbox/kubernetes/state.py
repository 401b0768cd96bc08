"""What the stand-in remembers. Rows are replaced, never changed, so that a copy costs little."""

import copy
import secrets
from dataclasses import dataclass, field, fields
from typing import Any, Self

Manifest = dict[str, Any]
GROUPS = {
    "kyverno": "policies.kyverno.io/v1",
    "kueue": "kueue.x-k8s.io/v1beta2",
    "kserve": "serving.kserve.io/v1alpha1",
}
BUILT_IN = (
    "apps/v1",
    "batch/v1",
    "rbac.authorization.k8s.io/v1",
    "networking.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
    "authorization.k8s.io/v1",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One object and which manager holds which of its fields (leaf paths joined by tabs)."""

    object: Manifest
    managers: dict[str, tuple[str, ...]]


@dataclass
class State:
    """`rows` by path. `extras`: which of the optional systems are installed. `key`: signs tokens (PEM)."""

    rows: dict[str, Row] = field(default_factory=dict)
    extras: set[str] = field(default_factory=set)
    version: int = 1
    key: str = ""
    seed: str = field(default_factory=lambda: secrets.token_hex(4))

    def __deepcopy__(self, memo: object) -> Self:
        """A copy of the tables; their rows are shared, because nobody changes them."""
        return type(self)(**{part.name: copy.copy(getattr(self, part.name)) for part in fields(self)})

    def next_version(self) -> str:
        """A resource version nobody had before."""
        self.version += 1
        return str(self.version)

    def below(self, prefix: str, suffix: str = "") -> list[tuple[str, Row]]:
        """The rows whose path begins and whose collection ends so, by path."""
        return sorted(
            (path, row)
            for path, row in self.rows.items()
            if path.startswith(prefix) and path.rpartition("/")[0].endswith(suffix)
        )

    def served(self) -> list[str]:
        """The group versions that are there."""
        return [*BUILT_IN, *(GROUPS[name] for name in sorted(self.extras) if name in GROUPS)]


def restored(document: Manifest) -> State:
    """The state that was written down as JSON."""
    rows = {
        path: Row(row["object"], {name: tuple(held) for name, held in row["managers"].items()})
        for path, row in document["rows"].items()
    }
    return State(**{**document, "rows": rows, "extras": set(document["extras"])})
