"""Reads the cells of a directory file: the kind of file by its header, each row's values, every fault. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grants.directory.folding import fold_address
from grants.directory.roles import GLOBAL_ROLES, PROJECT_STATES, TeamRole
from grants.directory.types import Fault

PEOPLE = (
    "email",
    "user_name",
    "name",
    "employee_number",
    "team",
    "team_role",
    "roles",
    "contractor",
    "active",
)
PROJECTS = (
    "project_key",
    "project_name",
    "team",
    "jira_project",
    "jira_issue",
    "gpu_quota",
    "namespace",
    "grace_hours",
    "notice_days",
    "max_hold_days",
    "state",
)
TEAMS = ("team", "team_name", "cost_centre")
KINDS = {"projects": ("project_key", PROJECTS), "people": ("email", PEOPLE), "teams": ("team_name", TEAMS)}
"""Kind of file -> the column that tells it, all columns it may have."""

YES, NO = {"yes", "y", "true", "1", "是"}, {"no", "n", "false", "0", "否"}
PATTERNS = {
    "email": re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\"]+|[^@\s,;<>\"]{1,64}@localhost"),
    "user_name": re.compile(r"[^\s,;@<>\"]{1,150}"),
    "key": re.compile(r"[a-z0-9][a-z0-9_-]{0,59}"),
    "jira_project": re.compile(r"[A-Z][A-Z0-9_]{1,59}"),
    "jira_issue": re.compile(r"[A-Z][A-Z0-9_]{1,49}-[1-9]\d{0,8}"),
    "namespace": re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
    "number": re.compile(r"\d{1,6}"),
}
LENGTHS = {"name": 200, "employee_number": 50, "project_name": 160, "team_name": 120, "cost_centre": 60}


@dataclass
class Row:
    """One line of a file; reading a cell wrongly written notes the fault and gives an empty value."""

    line: int
    cells: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def has(self, column: str) -> bool:
        """Whether the file has the column."""
        return column in self.cells

    def text(self, column: str, *, required: bool = False) -> str:
        """The cell's text, without outer spaces."""
        value = " ".join(self.cells.get(column, "").split())
        if required and not value:
            return self.fault(column, "missing")
        if len(value) > LENGTHS.get(column, 250):
            return self.fault(column, "too_long", value[:60])
        return value

    def like(self, column: str, pattern: str, *, required: bool = False, value: str | None = None) -> str:
        """The cell's text (or `value`), which must have the form that PATTERNS names."""
        value = self.text(column, required=required) if value is None else value
        if value and not PATTERNS[pattern].fullmatch(value):
            return self.fault(column, f"bad_{pattern}", value)
        return value

    def choice(self, column: str, known: Sequence[str]) -> str:
        """The cell's text in lower case, which must be one of `known`."""
        value = self.text(column).lower()
        return value if not value or value in known else self.fault(column, f"unknown_{column}", value)

    def yes_no(self, column: str) -> bool | None:
        """Yes, no, or None for an empty cell."""
        value = self.text(column).lower()
        if not value or value in YES | NO:
            return value in YES if value else None
        self.fault(column, "not_yes_or_no", value)
        return None

    def number(self, column: str) -> int | None:
        """A whole number, or None for an empty cell."""
        value = self.like(column, "number")
        return int(value) if value else None

    def several(self, column: str) -> list[str]:
        """The cell's parts, written with semicolons or commas."""
        return [part.strip() for part in re.split("[;,，；]", self.cells.get(column, "")) if part.strip()]

    def fault(self, column: str, code: str, value: str = "") -> str:
        """Note a fault of this line; returns the empty value that stands for the cell."""
        self.faults.append(Fault(self.line, column, code, value))
        return ""


@dataclass(frozen=True)
class PersonRow:
    """What one line says about a person; None is "not said" for the last four."""

    line: int
    addresses: tuple[str, ...]
    user_name: str
    name: str
    employee_number: str
    team: str | None
    team_role: str
    roles: frozenset[str] | None
    contractor: bool | None
    active: bool | None


@dataclass(frozen=True)
class RecordRow:
    """What one line says about a project or a team: its key and the values given."""

    line: int
    key: str
    team: str
    values: dict[str, str | int]


def kind_of(header: Sequence[str]) -> str | None:
    """The kind of file that has these columns, or None."""
    return next((kind for kind, (sign, _) in KINDS.items() if sign in header), None)


def column_name(cell: str) -> str:
    """A header cell as a column's name: `Team role` -> `team_role`."""
    return re.sub(r"[\s-]+", "_", cell.strip().lower())


def person_row(row: Row) -> PersonRow:
    """Read a line of a people file."""
    written = [fold_address(part) for part in row.several("email")]
    if not written:
        row.fault("email", "missing")
    role = row.choice("team_role", list(TeamRole))
    team = row.like("team", "key", value=row.text("team").lower()) if row.has("team") else None
    if role and not team:
        row.fault("team_role", "role_without_team", role)
    return PersonRow(
        line=row.line,
        addresses=tuple(address for address in written if row.like("email", "email", value=address)),
        user_name=row.like("user_name", "user_name", value=fold_address(row.text("user_name"))),
        name=row.text("name"),
        employee_number=row.text("employee_number"),
        team=team,
        team_role=role or TeamRole.MEMBER,
        roles=_roles(row) if row.has("roles") else None,
        contractor=row.yes_no("contractor"),
        active=row.yes_no("active"),
    )


def _roles(row: Row) -> frozenset[str]:
    written = [role.lower() for role in row.several("roles")]
    for role in written:
        if role not in GLOBAL_ROLES:
            row.fault("roles", "unknown_role", role)
    return frozenset(written)


def project_row(row: Row) -> RecordRow:
    """Read a line of a projects file; empty cells say nothing."""
    values: dict[str, str | int | None] = {
        "name": row.text("project_name"),
        "jira_project": row.like("jira_project", "jira_project", value=row.text("jira_project").upper()),
        "jira_issue": row.like("jira_issue", "jira_issue", value=row.text("jira_issue").upper()),
        "gpu_quota": row.number("gpu_quota"),
        "namespace": row.like("namespace", "namespace"),
        "grace_hours": row.number("grace_hours"),
        "notice_days": row.number("notice_days"),
        "max_hold_days": row.number("max_hold_days"),
        "state": row.choice("state", [state for state, _ in PROJECT_STATES]),
    }
    key = row.like("project_key", "key", value=row.text("project_key", required=True).lower())
    team = row.like("team", "key", value=row.text("team").lower())
    return RecordRow(
        row.line, key, team, {name: value for name, value in values.items() if value not in {"", None}}
    )


def team_row(row: Row) -> RecordRow:
    """Read a line of a teams file; empty cells say nothing."""
    values = {"name": row.text("team_name"), "cost_centre": row.text("cost_centre")}
    key = row.like("team", "key", value=row.text("team", required=True).lower())
    return RecordRow(row.line, key, "", {name: value for name, value in values.items() if value})
