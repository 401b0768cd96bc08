"""Webhooks in: Jira and registries."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Webhooks in: Jira and registries."""

    name = "portal.webhooks"
    label = "webhooks"
