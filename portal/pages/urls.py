"""Routes of the pages; each area's module holds its own."""

from django.urls import URLPattern, URLResolver, include, path

from portal.pages import cost_exports, costs_unused

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.shellurls")),
    path("", include("portal.pages.home.urls")),
    path("", include("portal.pages.catalogue.urls")),
    path("", include("portal.pages.grants.urls")),
    path("", include("portal.pages.pullhelp.urls")),
    path("", include("portal.pages.audit.urls")),
    path("", include("portal.pages.directory.urls")),
    path("", include("portal.pages.account.urls")),
    path("", include("portal.pages.notices.urls")),
    path("", include("portal.pages.health.urls")),
    path("", include("portal.pages.drift.urls")),
    path("", include("portal.pages.brakes.urls")),
    path("", include("portal.pages.costs.urls")),
    path("costs/teams/<slug:key>/unused/", costs_unused.unused, name="costs-unused"),
    path("costs/export/", cost_exports.export, name="costs-export"),
    path("", include("portal.pages.costs_admin.urls")),
    path("", include("portal.pages.search.urls")),
    path("", include("portal.pages.requests.urls")),
    path("", include("portal.pages.inbox.urls")),
]
