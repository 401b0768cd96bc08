"""Routes of webhooks in."""

from django.urls import path

from portal.webhooks.google import google_push
from portal.webhooks.harbor import harbor_webhook
from portal.webhooks.jira import jira_webhook
from portal.webhooks.registry import registry_notification

urlpatterns = [
    path("jira/", jira_webhook, name="webhook-jira"),
    path("google/<slug:target>/", google_push, name="google-push"),
    path("harbor/<slug:target>/", harbor_webhook, name="harbor-webhook"),
    path("registry/<slug:target>/", registry_notification, name="webhook-registry"),
]
