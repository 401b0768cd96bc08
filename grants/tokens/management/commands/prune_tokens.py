"""`manage.py prune_tokens`: remove old rows of anonymous tokens that allowed nothing, as the database's owner."""

from getpass import getuser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.ledger.actors import operator
from audit.ledger.errors import PurserError
from grants.tokens.pruning import prune


class Command(BaseCommand):
    help = "Remove old rows of anonymous tokens that allowed nothing from the token log; verify_logs still verifies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days", type=int, default=settings.ANONYMOUS_TOKEN_DAYS, help="keep this many days"
        )

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        """Say how many rows went. Raises CommandError for fewer than one day and for a run that does not verify."""
        if days < 1:
            raise CommandError(_("Keep at least one day."))
        try:
            done = prune(days=days, by=operator(getuser()), now=timezone.now())
        except PurserError as error:
            raise CommandError(error.message) from error
        said = _("%(rows)d anonymous rows were removed from %(runs)d sealed runs.")
        self.stdout.write(said % {"rows": done.rows, "runs": done.runs})
