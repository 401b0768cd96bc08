"""Live topic versions over websockets."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Live topic versions over websockets."""

    name = "portal.live"
    label = "live"
