"""The REST API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST API."""

    name = "portal.api"
    label = "api"

    def ready(self) -> None:
        """Tell the OpenAPI document how to sign in."""
        from portal.api import schemes  # noqa: F401, PLC0415 - needs loaded models
