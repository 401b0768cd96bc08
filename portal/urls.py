"""Every route of Purser but the token service and the socket, which portal.asgi answers before Django."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("portal.api.urls")),
    path("webhooks/", include("portal.webhooks.urls")),
    path("", include("portal.pages.urls")),
]
