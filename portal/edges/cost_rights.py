"""What of keeping costs a viewer may read beyond sums: budgets and unusual days are for leads and budget owners."""

from audit.costs.types import CostScope
from grants.directory.standing import Standing
from portal.edges.cost_scopes import everything
from portal.edges.scopes import led_team_keys


def lead_scope(viewer: Standing) -> CostScope | None:
    """The teams whose budgets and unusual days the viewer sees: all, or those they lead; None for others."""
    if viewer.sees_costs:
        return everything(viewer)
    if not viewer.is_lead:
        return None
    return CostScope(teams=led_team_keys(viewer), person=viewer.person.label, names=True)
