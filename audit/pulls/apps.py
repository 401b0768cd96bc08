"""The pull log."""

from django.apps import AppConfig


class PullsConfig(AppConfig):
    """The pull log."""

    name = "audit.pulls"
    label = "pulls"
