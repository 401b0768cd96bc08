"""Jira: is the project over?"""

from django.apps import AppConfig


class TrackerConfig(AppConfig):
    """Jira: is the project over?"""

    name = "grants.tracker"
    label = "tracker"
