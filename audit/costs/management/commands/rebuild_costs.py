"""`manage.py rebuild_costs`: derive prices, activity and sums again from the rows, a month at a time."""

from argparse import ArgumentParser
from datetime import date
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.costs.rebuilding import rebuild_costs
from audit.ledger.actors import operator


class Command(BaseCommand):
    help = "Derive the figures of costs again from the rows. What is right already stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, help="first day, such as 2026-11-01"
        )
        parser.add_argument("--until", dest="last", type=date.fromisoformat, help="last day, inside")

    def handle(self, *args: Any, **options: Any) -> None:
        days = {"first": options["first"], "last": options["last"]}
        for one in rebuild_costs(**days, by=operator(getuser()), now=timezone.now()):
            said = _("%(first)s to %(last)s: rebuilt, %(count)d figures of closed days restated.")
            words = {"first": one.days.first, "last": one.days.last, "count": one.restated}
            self.stdout.write(said % words)
