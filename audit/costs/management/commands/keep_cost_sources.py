"""`manage.py keep_cost_sources FILE`: make the sources of a TOML file known, or follow the changed file."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.costs.errors import CostError
from audit.costs.keeping import keep_sources
from audit.costs.source_file import read_sources
from audit.ledger.actors import operator


class Command(BaseCommand):
    help = "Make the sources of GPU usage in a TOML file known (deploy/costs.example.toml), or correct them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, file: Path, **_options: Any) -> None:
        try:
            found = read_sources(file.read_bytes())
            kept = keep_sources(file=found, by=operator(getpass.getuser()), now=timezone.now())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from None
        except CostError as error:
            raise CommandError(f"{file} has faults; nothing was kept:\n{error.message}") from None
        for key, changed in kept:
            self.stdout.write(f"{key}: {'written down' if changed else 'as it was'}")
