"""Routes of webhooks in."""

from django.urls import path

from portal.webhooks.registry import registry_notification

urlpatterns = [
    path("registry/<slug:target>/", registry_notification, name="webhook-registry"),
]
