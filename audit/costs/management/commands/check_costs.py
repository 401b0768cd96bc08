"""`manage.py check_costs`: whether all sums equal the rows, and whether the figures keep their rules."""

from argparse import ArgumentParser
from datetime import date
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.costs.checks import check_costs, open_violations
from audit.ledger.actors import operator


class Command(BaseCommand):
    help = "Compare every sum of costs with the rows and check the rules. Fails when anything is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, help="first day, such as 2026-11-01"
        )
        parser.add_argument("--until", dest="last", type=date.fromisoformat, help="last day, inside")

    def handle(self, *args: Any, **options: Any) -> None:
        days = {"first": options["first"], "last": options["last"]}
        check_costs(**days, by=operator(getuser()), now=timezone.now())
        standing = list(open_violations())
        for one in standing:
            self.stdout.write(f"{one.day} {one.kind} {one.subject} {one.detail}")
        if standing:
            raise CommandError(_("%(count)d rules are broken.") % {"count": len(standing)})
        self.stdout.write(_("All sums equal the rows, and every rule is kept."))
