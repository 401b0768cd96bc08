"""`manage.py verify_audit`: walk the whole log and say whether it is what was signed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from audit.ledger.offline import Tampered
from audit.ledger.verify import verify_log


class Command(BaseCommand):
    help = "Verify the audit ledger against every signed checkpoint. Exit code 0 when it is untouched, 1 when not."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = verify_log()
        except Tampered as fault:
            raise CommandError(
                _("The audit ledger was tampered with: %(fault)s.") % {"fault": fault}
            ) from fault
        facts = {"events": found.events, "signed": found.signed, "checkpoints": found.checkpoints}
        said = _(
            "%(events)d events are unbroken; %(signed)d of them are signed by %(checkpoints)d checkpoints."
        )
        self.stdout.write(said % facts)
        if found.events > found.signed:
            self.stdout.write(_("The newest events are not signed yet: a change in them could be hidden."))
