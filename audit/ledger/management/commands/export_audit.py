"""`manage.py export_audit`: an evidence bundle that verifies without Purser."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from audit.ledger.actors import operator
from audit.ledger.bundle import export_bundle
from audit.ledger.types import EventFilters

NARROWED_BY = ("kind", "actor", "person", "subject", "project", "team", "image", "text")


def moment(text: str) -> datetime:
    """A time in ISO 8601, UTC unless it says otherwise."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no ISO 8601 time") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Write an audit bundle (zip): the whole log, or the events that match with a proof for each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, help="the file to write")
        parser.add_argument("--since", type=moment, help="first moment, ISO 8601")
        parser.add_argument("--until", type=moment, help="end, ISO 8601, not included")
        for name in NARROWED_BY:
            parser.add_argument(f"--{name}", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {name: options[name] for name in (*NARROWED_BY, "since", "until")}
        made = export_bundle(path=options["out"], filters=EventFilters(**chosen), by=operator(getuser()))
        said = _("%(events)d events written to %(path)s, signed up to event %(signed)d.")
        self.stdout.write(said % {"events": made.events, "path": made.path, "signed": made.signed})
        if made.refused:
            warning = _("The ledger was rewritten (%(fault)s): the bundle is evidence of that.")
            self.stderr.write(warning % {"fault": made.refused})
