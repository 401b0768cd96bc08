"""Everything the stand-in for Harbor remembers. Rows are replaced, never changed, so that a copy costs little."""

import copy
import secrets
from dataclasses import dataclass, field, fields
from typing import Any, Self

Row = dict[str, Any]
Table = dict[int, Row]
CONFIGURATION: Row = {"token_expiration": 30, "robot_name_prefix": "robot$", "robot_token_duration": 30}


@dataclass
class State:
    """Tables by id. `artifacts` are keyed by `project/name@digest`, `blobs` (base64) by digest."""

    projects: Table = field(default_factory=dict)
    members: Table = field(default_factory=dict)
    robots: Table = field(default_factory=dict)
    policies: Table = field(default_factory=dict)
    quotas: Table = field(default_factory=dict)
    artifacts: dict[str, Row] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    reports: dict[str, Row] = field(default_factory=dict)
    logs: list[Row] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)
    configuration: Row = field(default_factory=lambda: dict(CONFIGURATION))
    offset: float = 0.0  # seconds that the clock was moved on
    last_id: int = 0
    key: str = field(default_factory=lambda: secrets.token_hex(16))

    def __deepcopy__(self, memo: object) -> Self:
        """A copy of the tables; their rows are shared, because nobody changes them."""
        return type(self)(**{part.name: copy.copy(getattr(self, part.name)) for part in fields(self)})

    def next_id(self) -> int:
        """A number nobody had before."""
        self.last_id += 1
        return self.last_id


def restored(document: Row) -> State:
    """The state that was written down as JSON."""
    tables = ("projects", "members", "robots", "policies", "quotas")
    numbered = {name: {int(key): row for key, row in document[name].items()} for name in tables}
    return State(**{**document, **numbered})
