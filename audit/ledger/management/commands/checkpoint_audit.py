"""`manage.py checkpoint_audit`: sign the log now, or change the key it is signed with."""

from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from audit.ledger.actors import operator
from audit.ledger.checkpoints import change_key, make_checkpoint
from audit.ledger.errors import LedgerError


class Command(BaseCommand):
    help = "Sign the audit ledger now. With --rotate-key, from now on with a new key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rotate-key", action="store_true", help="make a new signing key first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rotate_key"]:
            path = change_key(by=operator(getuser()))
            self.stdout.write(_("New public key: %(path)s") % {"path": path})
        try:
            made = make_checkpoint()
        except LedgerError as refusal:
            raise CommandError(
                f"{refusal.message} {'; '.join(map(str, refusal.detail.values()))}"
            ) from refusal
        said = _("Signed %(size)d events.") % {"size": made.size} if made else _("Nothing new to sign.")
        self.stdout.write(said)
