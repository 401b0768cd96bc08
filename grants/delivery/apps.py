"""Making grants true at the targets, and proving their end."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Making grants true at the targets, and proving their end."""

    name = "grants.delivery"
    label = "delivery"
