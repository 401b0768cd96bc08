"""Routes of the pages; each area's module holds its own."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.shellurls")),
    path("", include("portal.pages.requests.urls")),
    path("", include("portal.pages.inbox.urls")),
]
