"""Values of the directory: claims of a sign-in, places they give, results of an import. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claims:
    """What an identity provider says about a person. `groups` is None when it could not say.

    `address` is kept only when `address_verified`: an unproven address could be anybody's.
    """

    address: str = ""
    address_verified: bool = False
    user_name: str = ""
    name: str = ""
    groups: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Teams (key -> role in the team) and roles across teams that groups stand for."""

    teams: dict[str, str]
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person that a written line may mean; `hint` tells namesakes apart: team, employee number."""

    person_id: int
    name: str
    active: bool
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file: its line (1 is the header), the column's name, a code, what was written there."""

    line: int
    column: str
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do (`applied` False). With faults, nothing was imported.

    `kind` is `people`, `projects` or `teams`; the counts are of people, projects or teams. `held`: people whose
    leaving waits for an administrator, because too much access would end at once.
    """

    kind: str
    rows: int
    faults: tuple[Fault, ...] = ()
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    disabled: int = 0
    held: int = 0
    ignored_columns: tuple[str, ...] = ()
    applied: bool = False


@dataclass(frozen=True, slots=True)
class ProjectChanges:
    """New values of a project's settings; None leaves a value as it is. Hours, days, whole GPUs."""

    name: str | None = None
    jira_project: str | None = None
    jira_issue: str | None = None
    grace_hours: int | None = None
    notice_days: int | None = None
    max_hold_days: int | None = None
    gpu_quota: int | None = None
    namespace: str | None = None
    state: str | None = None
