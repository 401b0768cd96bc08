"""The REST API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST API."""

    name = "portal.api"
    label = "api"
