"""`manage.py registry_ca --out PATH`: what a registry must be told to trust (`rootcertbundle`)."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from grants.tokens.probing import key_store


class Command(BaseCommand):
    """Write the registry CA's certificate, made at its first use."""

    help = "Write the certificate of the registry CA, made at its first use, as PEM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", help="the file to write; standard output when left out")

    def handle(self, *_args: Any, out: str | None, **_options: Any) -> None:
        key_store().current_leaf(now=timezone.now())
        pem = key_store().ca_path.read_text("ascii")
        if out:
            Path(out).write_text(pem, "ascii")
        else:
            self.stdout.write(pem)
