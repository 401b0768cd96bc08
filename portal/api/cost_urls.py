"""Routes of the API of GPU costs."""

from django.urls import path

from portal.api import cost_budgets, costs

urlpatterns = [
    path("totals/", costs.Totals.as_view(), name="api-costs-totals"),
    path("breakdown/", costs.Breakdown.as_view(), name="api-costs-breakdown"),
    path("series/", costs.SeriesOf.as_view(), name="api-costs-series"),
    path("capacity/", costs.Capacity.as_view(), name="api-costs-capacity"),
    path("reconciliation/", costs.Reconciled.as_view(), name="api-costs-reconciliation"),
    path("standing/", costs.Standing.as_view(), name="api-costs-standing"),
    path("estimate/", costs.Estimates.as_view(), name="api-costs-estimate"),
    path("budgets/", cost_budgets.Budgets.as_view(), name="api-costs-budgets"),
    path("budgets/<int:pk>/", cost_budgets.OneBudget.as_view(), name="api-costs-budget"),
    path("anomalies/", cost_budgets.Anomalies.as_view(), name="api-costs-anomalies"),
    path("anomalies/<int:pk>/note/", cost_budgets.AnomalyNotes.as_view(), name="api-costs-anomaly-note"),
]
