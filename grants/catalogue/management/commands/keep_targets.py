"""`manage.py keep_targets FILE`: make the registries and clusters of a TOML file known, or follow the changed file."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.ledger.actors import operator
from grants.catalogue.errors import TargetFileInvalid
from grants.catalogue.registries import keep_targets
from grants.catalogue.target_file import read_targets


class Command(BaseCommand):
    help = "Make the registries and clusters of a TOML file known (deploy/targets.example.toml), or correct them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, file: Path, **_options: Any) -> None:
        try:
            found = read_targets(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from None
        except TargetFileInvalid as error:
            raise CommandError(f"{file} has faults; nothing was kept:\n" + "\n".join(error.faults)) from None
        for key, changed in keep_targets(file=found, by=operator(getpass.getuser())):
            self.stdout.write(f"{key}: {'written down' if changed else 'as it was'}")
