"""Whose costs a viewer may see and who may be told apart in them, worked out in one place from who they are."""

from audit.costs.models import CostSettings
from audit.costs.types import CostScope
from grants.directory.models import Team
from grants.directory.standing import Standing


def cost_scope(viewer: Standing) -> CostScope:
    """Everything the viewer may see, people told apart only where that holds for all of it. Two queries at most.

    Budget owners, auditors and administrators see all; others their teams and their own use wherever it was.
    """
    if viewer.sees_costs:
        return everything(viewer)
    named = named_team_ids(viewer)
    teams = _keys(viewer.team_ids)
    return CostScope(teams=teams, person=viewer.person.label, names=viewer.team_ids <= named)


def named_scope(viewer: Standing) -> CostScope:
    """What the viewer may see person by person: for a list of people, and for filters that name one.

    Of a team that shows no names to its members, only the viewer's own use is in it.
    """
    if viewer.sees_costs:
        return everything(viewer)
    return CostScope(teams=_keys(named_team_ids(viewer)), person=viewer.person.label, names=True)


def team_scope(viewer: Standing, key: str, team: Team | None = None) -> CostScope | None:
    """The costs of one team; None where the viewer may not see that team's. Two queries at most.

    `team` is the team of that key where it was read already.
    """
    if viewer.sees_costs:
        return CostScope(teams=frozenset({key}), names=True)
    found = team or Team.objects.filter(key=key, pk__in=viewer.team_ids).first()
    if found is None or found.pk not in viewer.team_ids:
        return None
    return CostScope(teams=frozenset({key}), names=found.pk in named_team_ids(viewer))


def own_scope(viewer: Standing) -> CostScope:
    """The viewer's own use, whatever team it was for."""
    return CostScope(person=viewer.person.label, names=True)


def everything(viewer: Standing) -> CostScope:
    """All costs; only for those whose `sees_costs` holds."""
    return CostScope(everything=True, person=viewer.person.label, names=True)


def named_team_ids(viewer: Standing) -> frozenset[int]:
    """The viewer's teams whose people they may tell apart: those they lead, or all where members see names."""
    if viewer.team_ids <= viewer.led_team_ids:
        return viewer.led_team_ids
    shown = CostSettings.objects.values_list("member_names", flat=True).first()
    return viewer.team_ids if shown else viewer.led_team_ids


def leads_costs(viewer: Standing, team_id: int | None) -> bool:
    """Whether the viewer sees what is for leads and budget owners: budgets, forecasts, anomalies, activity."""
    return viewer.sees_costs or team_id in viewer.led_team_ids


def _keys(team_ids: frozenset[int]) -> frozenset[str]:
    if not team_ids:
        return frozenset()
    return frozenset(Team.objects.filter(pk__in=team_ids).values_list("key", flat=True))
