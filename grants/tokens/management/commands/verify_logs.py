"""`manage.py verify_logs`: whether the pull log and the token log still are what the ledger vouches for."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.ledger.vouching import Verdict
from audit.pulls.verify import verify_pulls
from grants.tokens.verify import verify_tokens

MOST_SAID = 20


class Command(BaseCommand):
    help = (
        "Verify the pull log and the token log against the events that vouch for them. Exit code 0 when both are"
        " untouched, 1 when not. Whether the events themselves are untouched, verify_audit says."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was read again. Raises CommandError with the first 20 faults."""
        now = timezone.now()
        pulls, tokens = verify_pulls(now=now), verify_tokens(now=now)
        if faults := [*pulls.faults, *tokens.faults]:
            raise CommandError(
                "\n".join(
                    [
                        _("The logs are not what was sealed. Faults: %(count)d") % {"count": len(faults)},
                        *(f"- {fault}" for fault in faults[:MOST_SAID]),
                    ]
                )
            )
        self._say(_("Pull log: %(rows)d rows in %(runs)d sealed runs are what was sealed."), pulls)
        self._say(_("Token log: %(rows)d rows in %(runs)d sealed runs are what was sealed."), tokens)
        if tokens.pruned:
            self._say(
                _("%(pruned)d anonymous rows were removed from the token log; the ledger says which runs."),
                tokens,
            )

    def _say(self, words: str, verdict: Verdict) -> None:
        self.stdout.write(words % {"rows": verdict.rows, "runs": verdict.runs, "pruned": verdict.pruned})
