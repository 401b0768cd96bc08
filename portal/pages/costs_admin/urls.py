"""Routes of keeping costs."""

from django.urls import path

from portal.pages.costs_admin import (
    budgets,
    gpu_types,
    invoices,
    overheads,
    rate_change,
    rates,
    reservations,
    settings,
    sources,
)

urlpatterns = [
    path("costs/rates/", rates.rates, name="cost-rates"),
    path("costs/rates/change/", rate_change.change, name="cost-rates-change"),
    path("costs/rates/history/", rates.history, name="cost-rates-history"),
    path("costs/restatements/", rates.restatements, name="cost-restatements"),
    path("costs/budgets/", budgets.budgets, name="cost-budgets"),
    path("costs/budgets/new/", budgets.new, name="cost-budget-new"),
    path("costs/budgets/import/", budgets.import_file, name="cost-budgets-import"),
    path("costs/budgets/template.csv", budgets.template, name="cost-budgets-template"),
    path("costs/budgets/<int:pk>/", budgets.budget, name="cost-budget"),
    path("costs/budgets/<int:pk>/remove/", budgets.remove, name="cost-budget-remove"),
    path("costs/gpu-types/new/", gpu_types.new, name="cost-gpu-type-new"),
    path("costs/gpu-types/<slug:key>/", gpu_types.gpu_type, name="cost-gpu-type"),
    path("costs/reservations/", reservations.reservations, name="cost-reservations"),
    path("costs/reservations/new/", reservations.new, name="cost-reservation-new"),
    path("costs/reservations/<int:pk>/", reservations.reservation, name="cost-reservation"),
    path("costs/reservations/<int:pk>/remove/", reservations.remove, name="cost-reservation-remove"),
    path("costs/overhead/", overheads.overheads, name="cost-overhead"),
    path("costs/overhead/new/", overheads.new, name="cost-overhead-new"),
    path("costs/overhead/<int:pk>/", overheads.overhead, name="cost-overhead-change"),
    path("costs/overhead/<int:pk>/remove/", overheads.remove, name="cost-overhead-remove"),
    path("costs/invoice/", invoices.invoices, name="cost-invoice"),
    path("costs/sources/", sources.sources, name="cost-sources"),
    path("costs/sources/<slug:key>/", sources.source, name="cost-source"),
    path("costs/sources/<slug:key>/read/", sources.read_now, name="cost-source-read"),
    path("costs/sources/<slug:key>/file/", sources.bring, name="cost-source-file"),
    path("costs/loads/", sources.loads, name="cost-loads"),
    path("costs/settings/", settings.settings, name="cost-settings"),
]
