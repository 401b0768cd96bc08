"""Jira says whether a project is over, and its access ends."""

from django.apps import AppConfig


class TrackerConfig(AppConfig):
    """Jira says whether a project is over, and its access ends."""

    name = "grants.tracker"
    label = "tracker"
