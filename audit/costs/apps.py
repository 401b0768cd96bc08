"""GPU usage and what it costs."""

from django.apps import AppConfig


class CostsConfig(AppConfig):
    """GPU usage and what it costs."""

    name = "audit.costs"
    label = "costs"
