"""Routes of the API of GPU costs."""

from django.urls import path

from portal.api import cost_budgets, cost_keeping, cost_rates, cost_sources, cost_unused, costs

urlpatterns = [
    path("totals/", costs.Totals.as_view(), name="api-costs-totals"),
    path("breakdown/", costs.Breakdown.as_view(), name="api-costs-breakdown"),
    path("series/", costs.SeriesOf.as_view(), name="api-costs-series"),
    path("capacity/", costs.Capacity.as_view(), name="api-costs-capacity"),
    path("reconciliation/", costs.Reconciled.as_view(), name="api-costs-reconciliation"),
    path("standing/", costs.Standing.as_view(), name="api-costs-standing"),
    path("estimate/", costs.Estimates.as_view(), name="api-costs-estimate"),
    path("unused/", cost_unused.Unused.as_view(), name="api-costs-unused"),
    path("budgets/", cost_budgets.Budgets.as_view(), name="api-costs-budgets"),
    path("budgets/<int:pk>/", cost_budgets.OneBudget.as_view(), name="api-costs-budget"),
    path("anomalies/", cost_budgets.Anomalies.as_view(), name="api-costs-anomalies"),
    path("anomalies/<int:pk>/note/", cost_budgets.AnomalyNotes.as_view(), name="api-costs-anomaly-note"),
    path("rates/", cost_rates.Rates.as_view(), name="api-costs-rates"),
    path("rates/preview/", cost_rates.RatesPreview.as_view(), name="api-costs-rates-preview"),
    path("rates/versions/", cost_rates.Revisions.as_view(), name="api-costs-rates-versions"),
    path("restatements/", cost_rates.Restatements.as_view(), name="api-costs-restatements"),
    path("reservations/", cost_keeping.Reservations.as_view(), name="api-costs-reservations"),
    path("reservations/<int:pk>/", cost_keeping.OneReservation.as_view(), name="api-costs-reservation"),
    path("overhead/", cost_keeping.Overheads.as_view(), name="api-costs-overheads"),
    path("overhead/<int:pk>/", cost_keeping.OneOverhead.as_view(), name="api-costs-overhead"),
    path("settings/", cost_keeping.Settings.as_view(), name="api-costs-settings"),
    path("sources/", cost_sources.Sources.as_view(), name="api-costs-sources"),
    path("sources/<slug:key>/read-now/", cost_sources.ReadNow.as_view(), name="api-costs-source-read"),
    path("loads/", cost_sources.Loads.as_view(), name="api-costs-loads"),
    path("violations/", cost_sources.Violations.as_view(), name="api-costs-violations"),
    path("invoice/", cost_sources.Invoices.as_view(), name="api-costs-invoice"),
]
