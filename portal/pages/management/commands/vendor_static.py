"""manage.py vendor_static: collect the browser files of other people into static/vendor/."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.pages.static_assets import MissingAsset, vendor


class Command(BaseCommand):
    help = "Collect Tabler, htmx, idiomorph and the icon sprite from node_modules into static/vendor/."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the collection. Raises CommandError when node_modules lacks a file."""
        base = settings.BASE_DIR
        try:
            written = vendor(modules=base / "node_modules", target=base / "static" / "vendor")
        except MissingAsset as missing:
            raise CommandError(
                f"{missing} is missing. Run `npm ci --ignore-scripts`, or correct the name."
            ) from missing
        self.stdout.write(f"{len(written)} files in static/vendor/")
