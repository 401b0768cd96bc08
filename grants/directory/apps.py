"""Teams, projects, people and their roles."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Teams, projects, people and their roles."""

    name = "grants.directory"
    label = "directory"
