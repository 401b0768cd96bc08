"""What a principal gets of what it asks, and for how long. Pure: facts in, decision out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from grants.tokens.scopes import Scope

LEEWAY = 60
"""Seconds a registry accepts a token after its `exp`: a constant of Distribution 2.8 and 3.x."""
PULL_SECONDS = 60
"""How long a registry accepts a token that only pulls: the bound of access after a revoke."""
PUSH_SECONDS = 300
"""The same for a token that pushes or deletes: big layers take longer than a minute."""
PULL, ANY = "pull", "*"


@dataclass(frozen=True, slots=True)
class Right:
    """One action on one repository: until when, and the grant that gives it longest."""

    ends: datetime
    grant: int


Rights = Mapping[str, Mapping[str, Right]]
"""By repository, by action."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A service account of a cluster that showed a token of its own, good until `expires`."""

    cluster: int
    cluster_key: str
    namespace: str
    account: str
    expires: datetime
    push: bool = False

    @property
    def principal(self) -> str:
        """Who it is, as logs write it."""
        return f"workload:{self.cluster_key}/{self.namespace}/{self.account}"

    @property
    def user(self) -> str:
        """Who it is, as Kubernetes writes it."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks: a credential or a workload, whose it is, and everything they may do at this registry."""

    credential: int | None
    principal: str
    login: str
    rights: Rights
    administrator: bool = False
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What is given on one repository, and by which grant."""

    name: str
    actions: tuple[str, ...]
    grant: int | None
    type: str = "repository"


@dataclass(frozen=True, slots=True)
class Decision:
    """The subset given.

    `until` is when the registry must stop accepting the token, `ends` the earliest end of a right used (None
    when nothing was given), `lifetime` the seconds told to the client.
    """

    access: tuple[Access, ...]
    until: datetime
    ends: datetime | None
    lifetime: int

    @property
    def expiry(self) -> int:
        """The `exp` claim, in whole seconds: the leeway is paid back, so it may lie in the past."""
        return int(self.until.timestamp()) - LEEWAY


def decide(holder: Holder | None, scopes: Iterable[Scope], *, now: datetime) -> Decision:
    """Give each scope the actions that are asked for and allowed at `now`; nobody gets nothing.

    Giving less than was asked is no error: the registry then refuses the client with a clear challenge.
    """
    given: list[Access] = []
    ends: list[datetime] = []
    for scope in _merged(scopes):
        access, rights_end = _give(holder, scope, now)
        if access:
            given.append(access)
            ends.extend(rights_end)
    lifetime = PULL_SECONDS if all(set(access.actions) <= {PULL} for access in given) else PUSH_SECONDS
    until = min([now + timedelta(seconds=lifetime), *ends])
    return Decision(tuple(given), until, min(ends, default=None), lifetime)


def _merged(scopes: Iterable[Scope]) -> list[Scope]:
    actions: dict[tuple[str, str], frozenset[str]] = {}
    for scope in scopes:
        key = (scope.type, scope.name)
        actions[key] = actions.get(key, frozenset()) | scope.actions
    return [Scope(kind, name, wanted) for (kind, name), wanted in actions.items()]


def _give(holder: Holder | None, scope: Scope, now: datetime) -> tuple[Access | None, list[datetime]]:
    if holder is None:
        return None, []
    if (scope.type, scope.name) == ("registry", "catalog"):
        listing = holder.administrator and ANY in scope.actions
        return (Access("catalog", (ANY,), None, type="registry"), []) if listing else (None, [])
    if scope.type != "repository":
        return None, []
    live = {action: right for action, right in holder.rights.get(scope.name, {}).items() if right.ends > now}
    wanted = sorted(live if ANY in scope.actions else scope.actions & live.keys())
    if not wanted:
        return None, []
    grant = live[wanted[0]].grant if PULL not in wanted else live[PULL].grant
    return Access(scope.name, tuple(wanted), grant), [live[action].ends for action in wanted]


def utc(seconds: int) -> datetime:
    """A moment from whole seconds since 1970."""
    return datetime.fromtimestamp(seconds, tz=UTC)
