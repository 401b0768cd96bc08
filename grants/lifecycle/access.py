"""What live grants allow, asked of the database by its own clock: the data every access decision rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from grants.lifecycle.rules import actions_of

_ROWS = """
SELECT line.image_id, image.registry_id, image.repository, g.role, g.id, g.ends
FROM lifecycle_grant g
JOIN lifecycle_grantimage line ON line.grant_id = g.id AND line.removed_at IS NULL
JOIN catalogue_image image ON image.id = line.image_id AND (NOT image.blocked OR line.kept)
{who}
WHERE g.status IN ('provisioning', 'active')
  AND g.starts <= COALESCE(%(at)s::timestamptz, statement_timestamp())
  AND g.ends > COALESCE(%(at)s::timestamptz, statement_timestamp())
  AND (%(repositories)s::text[] IS NULL OR image.repository = ANY(%(repositories)s::text[]))
  AND (%(registry)s::bigint IS NULL OR image.registry_id = %(registry)s::bigint)
ORDER BY line.image_id, g.id
"""

PERSON_SQL = _ROWS.format(
    who="""JOIN lifecycle_grantmember m
  ON m.grant_id = g.id AND m.person_id = %(person)s AND m.removed_at IS NULL
JOIN directory_person person ON person.id = m.person_id AND person.active"""
)
"""Named parameters: person (bigint); at, repositories, registry, each of which may be NULL."""

ROBOT_SQL = _ROWS.format(
    who="JOIN directory_project project ON project.id = g.project_id AND project.id = %(project)s"
)
"""Named parameters: project (bigint); at, repositories, registry, each of which may be NULL."""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One live grant's word on one image, in the order of the columns of the statements above."""

    image_id: int
    registry_id: int
    repository: str
    role: str
    grant_id: int
    ends: datetime


@dataclass(slots=True)
class Access:
    """What all live grants together allow on one image: for each action its latest end and the grant that gives it."""

    image_id: int
    registry_id: int
    repository: str
    ends: dict[str, datetime] = field(default_factory=dict)
    grants: dict[str, int] = field(default_factory=dict)

    @property
    def actions(self) -> frozenset[str]:
        """What is allowed now: the union of the grants' roles."""
        return frozenset(self.ends)


def live_access(
    *,
    person_id: int | None = None,
    project_id: int | None = None,
    repositories: Sequence[str] | None = None,
    registry_id: int | None = None,
    at: datetime | None = None,
) -> list[AccessRow]:
    """What live grants give one person, or the robots of one project, on these repositories: one query.

    Only grants that are being set up or active, inside their window at `at` (None: the database's clock),
    whose line was not taken out; never a disabled person, never a blocked image unless the
    brake keeps the line. Raises ValueError unless
    exactly one of `person_id` and `project_id` is given.
    """
    if (person_id is None) == (project_id is None):
        raise ValueError("name a person or a project")
    wanted = None if repositories is None else list(repositories)
    params = {
        "person": person_id,
        "project": project_id,
        "repositories": wanted,
        "registry": registry_id,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(ROBOT_SQL if person_id is None else PERSON_SQL, params)
        return [AccessRow(*row) for row in cursor.fetchall()]


def merged(rows: Iterable[AccessRow]) -> dict[int, Access]:
    """Count overlapping grants together, by image: an action lasts as long as the last grant that gives it."""
    found: dict[int, Access] = {}
    for row in rows:
        access = found.setdefault(row.image_id, Access(row.image_id, row.registry_id, row.repository))
        for action in actions_of(row.role):
            if action not in access.ends or access.ends[action] < row.ends:
                access.ends[action] = row.ends
                access.grants[action] = row.grant_id
    return found
