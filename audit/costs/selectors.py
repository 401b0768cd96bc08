"""Every question pages, API and exports may ask of costs, within a scope computed above."""

from audit.costs.breakdowns import breakdown, breakdowns
from audit.costs.budgets import budget_view, budgets_of, spend_by_day
from audit.costs.capacities import capacity, reconciliation
from audit.costs.choosing import choices
from audit.costs.commitments import committed_of, open_commitments
from audit.costs.estimates import accuracy, estimate, outcome, price_of
from audit.costs.org_lines import org_lines
from audit.costs.series import series
from audit.costs.shares import shared, shared_arithmetic
from audit.costs.standings import complete_day, complete_through, gpu_labels, standing
from audit.costs.summing import adopters, first_day, overview, totals
from audit.costs.unused import unused
from audit.costs.unusual import anomalies_in, anomaly_of

__all__ = [
    "accuracy", "adopters", "anomalies_in", "anomaly_of", "breakdown", "breakdowns", "budget_view", "budgets_of",
    "capacity", "choices", "committed_of", "complete_day", "complete_through", "estimate", "first_day",
    "gpu_labels", "open_commitments", "org_lines", "outcome", "overview", "price_of", "reconciliation", "series",
    "shared", "shared_arithmetic", "spend_by_day", "standing", "totals", "unused",
]  # fmt: skip
