"""What a viewer may read of the directory, and who may be asked for what."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from grants.directory.folding import fold_address
from grants.directory.models import Membership, Person, Project, RoleAssignment, Team
from grants.directory.roles import APPROVER_PREFIX, ProjectState, TeamRole
from grants.directory.standing import Standing


def teams_visible_to(viewer: Standing) -> QuerySet[Team]:
    """Own teams; approvers, auditors and administrators see all."""
    teams = Team.objects.order_by("name", "pk")
    return teams if _sees_everyone(viewer) else teams.filter(pk__in=viewer.team_ids)


def projects_visible_to(viewer: Standing) -> QuerySet[Project]:
    """Projects of one's own teams, with the team read; approvers, auditors and administrators see all."""
    projects = Project.objects.select_related("team").order_by("name", "pk")
    return projects if _sees_everyone(viewer) else projects.filter(team_id__in=viewer.team_ids)


def projects_requestable_by(viewer: Standing) -> QuerySet[Project]:
    """Open projects of the teams that the viewer leads, with the team read."""
    projects = Project.objects.select_related("team").order_by("name", "pk")
    return projects.filter(state=ProjectState.OPEN, team_id__in=viewer.led_team_ids)


def people_visible_to(viewer: Standing) -> QuerySet[Person]:
    """Oneself and the people of one's own teams; approvers, auditors and administrators see all."""
    people = Person.objects.order_by("folded_name", "pk")
    if _sees_everyone(viewer):
        return people
    mates = Person.objects.filter(memberships__team_id__in=viewer.team_ids).values("pk")
    return people.filter(Q(pk=viewer.person.pk) | Q(pk__in=mates))


def approvers_of(lane: str) -> QuerySet[Person]:
    """Active people who may decide in the lane."""
    role = f"{APPROVER_PREFIX}{lane}"
    return Person.objects.filter(active=True, roles__role=role).order_by("folded_name", "pk")


def approvers_by_lane(lanes: Iterable[str]) -> dict[str, list[Person]]:
    """The same of several lanes at once, each by name: one query; a lane that nobody holds has []."""
    found: dict[str, list[Person]] = {lane: [] for lane in lanes}
    held = RoleAssignment.objects.filter(role__in=[f"{APPROVER_PREFIX}{lane}" for lane in found])
    rows = held.filter(person__active=True).select_related("person")
    for row in rows.order_by("person__folded_name", "person_id"):
        found[row.role.removeprefix(APPROVER_PREFIX)].append(row.person)
    return found


def leads_of(team: Team) -> QuerySet[Person]:
    """Active leads of the team."""
    return leads_of_teams([team.pk])


def leads_of_teams(team_ids: Iterable[int]) -> QuerySet[Person]:
    """Active leads of any of these teams, each once."""
    leading = Membership.objects.filter(team__in=list(team_ids), role=TeamRole.LEAD).values("person")
    return Person.objects.filter(active=True, pk__in=leading).order_by("folded_name", "pk")


def person_by_address(address: str) -> Person | None:
    """The person who owns the verified address, active or not."""
    return Person.objects.filter(addresses__address=fold_address(address), addresses__verified=True).first()


def _sees_everyone(viewer: Standing) -> bool:
    # Approvers judge requests of every team, so they may look up whom and what a request speaks of.
    return viewer.sees_all or viewer.is_approver
