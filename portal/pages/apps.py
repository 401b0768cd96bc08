"""The pages people use."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The pages people use."""

    name = "portal.pages"
    label = "pages"
