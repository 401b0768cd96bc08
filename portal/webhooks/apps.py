"""Webhooks in: Jira, registries and Harbor."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Webhooks in: Jira, registries and Harbor."""

    name = "portal.webhooks"
    label = "webhooks"
