"""`manage.py bring_usage FILE --source KEY`: store a file of usage, or say what storing it would change."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.costs.bringing import bring_file, look_at_file
from audit.costs.changes import LoadPreview
from audit.costs.errors import CostError
from audit.costs.models import Source
from audit.costs.sources.files import FORMATS
from audit.ledger.actors import operator


class Command(BaseCommand):
    help = "Store a file of GPU usage (OpenCost, Google billing, FOCUS, CSV, DCGM); one with a fault is refused whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="the key of the source it is brought for")
        parser.add_argument("--format", choices=FORMATS, default="auto")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *_args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        source = Source.objects.filter(key=options["source"]).first()
        if source is None:
            known = ", ".join(Source.objects.order_by("key").values_list("key", flat=True))
            raise CommandError(f"There is no source {options['source']}. There are: {known or 'none'}.")
        try:
            data = file.read_bytes()
            given = {"source": source, "data": data, "name": file.name, "format": options["format"]}
            if dry_run:
                self._say(look_at_file(**given, now=timezone.now()).preview)
            else:
                load = bring_file(**given, by=operator(getpass.getuser()), now=timezone.now())
                self.stdout.write(
                    f"{load.rows} rows, {load.changed_slices} stretches changed, SHA-256 {load.digest}"
                )
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from None
        except CostError as error:
            raise CommandError("\n".join([error.message, *_faults(error)])) from None

    def _say(self, preview: LoadPreview) -> None:
        for fault in preview.faults:
            self.stdout.write(str(fault))
        for day in preview.days:
            rows, cost = f"{day.before.rows} -> {day.after.rows}", f"{day.before.cost} -> {day.after.cost}"
            self.stdout.write(f"{day.day}: rows {rows}, cost {cost}")
        if not preview.days and not preview.faults:
            self.stdout.write("Nothing would change.")


def _faults(error: CostError) -> list[str]:
    """Every fault that is listed, and how many more there are."""
    listed = [str(one) for one in error.detail.get("faults", [])]
    more = int(error.detail.get("count", len(listed))) - len(listed)
    return [*listed, f"and {more} more"] if more > 0 else listed
