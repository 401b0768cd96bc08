"""Commands of the demo and of operators."""

from django.apps import AppConfig


class CliConfig(AppConfig):
    """Commands of the demo and of operators."""

    name = "portal.cli"
    label = "cli"
