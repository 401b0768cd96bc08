"""The pages people use."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The pages people use."""

    name = "portal.pages"
    label = "pages"

    def ready(self) -> None:
        """Let the frame know how new its counts are."""
        from portal.live.topics import versions  # noqa: PLC0415 - its model loads with the applications
        from portal.pages import counts  # noqa: PLC0415
        from portal.pages.shell import version_provider  # noqa: PLC0415

        version_provider(versions)
        counts.register()
