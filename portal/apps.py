"""The top of the house: connects what must not know each other."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Wires signals between rooms. Wake-ups and notices only: never rules, never audit."""

    name = "portal"
    label = "portal"

    def ready(self) -> None:
        """Load the task application and connect the rooms' signals."""
        from portal import celery, checks, wiring  # noqa: F401

        wiring.connect()
