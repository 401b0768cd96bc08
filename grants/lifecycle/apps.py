"""The grant: its states and its window."""

from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    """The grant: its states and its window."""

    name = "grants.lifecycle"
    label = "lifecycle"
