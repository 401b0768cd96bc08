"""What a person stands for: their teams and roles, read once and passed to every selector as the viewer."""

from dataclasses import dataclass

from django.db.models import BigIntegerField, Value

from grants.directory.models import Person, Project
from grants.directory.roles import ADMINISTRATOR, APPROVER_PREFIX, AUDITOR, BUDGET, TeamRole


@dataclass(frozen=True)
class Standing:
    """A person with the teams they belong to, the teams they lead, and their roles across teams."""

    person: Person
    team_ids: frozenset[int]
    led_team_ids: frozenset[int]
    roles: frozenset[str]

    @property
    def lanes(self) -> frozenset[str]:
        """The lanes this person may decide in."""
        prefix = APPROVER_PREFIX
        return frozenset(role.removeprefix(prefix) for role in self.roles if role.startswith(prefix))

    @property
    def in_team(self) -> bool:
        """Whether the person belongs to a team."""
        return bool(self.team_ids)

    @property
    def is_lead(self) -> bool:
        """Whether the person leads a team."""
        return bool(self.led_team_ids)

    @property
    def is_approver(self) -> bool:
        """Whether the person may decide in some lane."""
        return bool(self.lanes)

    @property
    def is_auditor(self) -> bool:
        """Whether the person may read everything."""
        return AUDITOR in self.roles

    @property
    def is_administrator(self) -> bool:
        """Whether the person may change the directory, the catalogue and the settings."""
        return ADMINISTRATOR in self.roles

    @property
    def sees_all(self) -> bool:
        """Whether team boundaries do not limit what the person may read."""
        return self.is_auditor or self.is_administrator

    @property
    def keeps_budgets(self) -> bool:
        """Whether the person may change budgets of every team and cost centre."""
        return BUDGET in self.roles or self.is_administrator

    @property
    def sees_costs(self) -> bool:
        """Whether team boundaries do not limit whose costs the person may see."""
        return self.sees_all or self.keeps_budgets

    def runs(self, project: Project) -> bool:
        """Whether the person looks after the project: a lead of its team, or an administrator."""
        return self.is_administrator or project.team_id in self.led_team_ids


def standing_of(person: Person) -> Standing:
    """Read a person's standing: one query. A disabled person stands for nothing."""
    if not person.active:
        return Standing(person, frozenset(), frozenset(), frozenset())
    across = person.roles.values_list(Value(None, BigIntegerField()), "role")
    held: list[tuple[int | None, str]] = list(
        person.memberships.values_list("team_id", "role").union(across, all=True)
    )
    places = [(team, role) for team, role in held if team is not None]
    return Standing(
        person=person,
        team_ids=frozenset(team for team, _ in places),
        led_team_ids=frozenset(team for team, role in places if role == TeamRole.LEAD),
        roles=frozenset(role for team, role in held if team is None),
    )
