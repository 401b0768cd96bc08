"""Words of the directory: roles in a team and across teams, project states, where a fact came from. Pure."""

from enum import StrEnum


class TeamRole(StrEnum):
    """A person's place in a team. A lead may request for the team's projects."""

    LEAD = "lead"
    MEMBER = "member"


class ProjectState(StrEnum):
    """`closed` projects receive no new access."""

    OPEN = "open"
    CLOSED = "closed"


class Source(StrEnum):
    """Who said so. A sign-in replaces only what came from claims; a CSV only what came from CSV."""

    CLAIMS = "claims"
    CSV = "csv"
    MANUAL = "manual"


AUDITOR, ADMINISTRATOR, BUDGET, APPROVER_PREFIX = "auditor", "administrator", "budget", "approver:"
LANES = ("mlops", "security")
GLOBAL_ROLES = (AUDITOR, ADMINISTRATOR, BUDGET, *(f"{APPROVER_PREFIX}{lane}" for lane in LANES))

TEAM_ROLES = [(role.value, role.value) for role in TeamRole]
PROJECT_STATES = [(state.value, state.value) for state in ProjectState]
SOURCES = [(source.value, source.value) for source in Source]
