"""What of the logs a viewer may read, worked out in one place from who they are."""

from audit.ledger.types import Scope
from audit.pulls.selectors import PullScope
from grants.directory.models import Membership, Project, Team
from grants.directory.standing import Standing
from grants.tokens.models import Credential
from grants.tokens.selectors import GapScope


def event_scope(viewer: Standing) -> Scope:
    """Auditors and administrators: every event. Others: their own, and leads those of the teams they lead."""
    if viewer.sees_all:
        return Scope(everything=True)
    return Scope(teams=led_team_keys(viewer), persons=frozenset({viewer.person.label}))


def history_scope() -> Scope:
    """Every event; only with a subject filter for something the viewer was allowed to open."""
    return Scope(everything=True)


def pull_scope(viewer: Standing) -> PullScope:
    """Auditors and administrators: every pull. Others: their own, and leads those of their teams' projects."""
    if viewer.sees_all:
        return PullScope(everything=True)
    projects = (
        Project.objects.filter(team__in=viewer.led_team_ids) if viewer.is_lead else Project.objects.none()
    )
    return PullScope(projects=frozenset(projects.values_list("key", flat=True)), person=viewer.person.label)


def gap_scope(viewer: Standing) -> GapScope | None:
    """Whose tokens without a pull the viewer may see: their own, leads also those of their teams; None is everybody's.

    Of a team are its people, the robots of its projects, and the workloads that its projects' grants let in.
    """
    if viewer.sees_all:
        return None
    if not viewer.is_lead:
        return GapScope(frozenset({viewer.person.label}))
    people = Membership.objects.filter(team__in=viewer.led_team_ids).values_list("person_id", flat=True)
    robots = Credential.objects.filter(project__team__in=viewer.led_team_ids).values_list("pk", flat=True)
    projects = Project.objects.filter(team__in=viewer.led_team_ids).values_list("pk", flat=True)
    named = {viewer.person.label, *(f"person:{pk}" for pk in people), *(f"robot:{pk}" for pk in robots)}
    return GapScope(frozenset(named), frozenset(projects))


def led_team_keys(viewer: Standing) -> frozenset[str]:
    """The keys of the teams the viewer leads."""
    if not viewer.is_lead:
        return frozenset()
    return frozenset(Team.objects.filter(pk__in=viewer.led_team_ids).values_list("key", flat=True))
