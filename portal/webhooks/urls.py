"""Routes of webhooks in."""

from django.urls import path

from portal.webhooks.jira import jira_webhook
from portal.webhooks.registry import registry_notification

urlpatterns = [
    path("jira/", jira_webhook, name="webhook-jira"),
    path("registry/<slug:target>/", registry_notification, name="webhook-registry"),
]
