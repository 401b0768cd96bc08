"""`manage.py bench`: how fast Purser is, beside its limits."""

from argparse import SUPPRESS
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.bench.cases import CASES, measure
from portal.bench.house import run_inside
from portal.cli.errors import DemoError


class Command(BaseCommand):
    """Everything runs on a database of its own, made with fsync on and removed afterwards."""

    help = "Measure tokens, audit and approvals beside their limits, on a database made for it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="all unless named")
        parser.add_argument("--seconds", type=int, default=10, help="how long each load lasts")
        parser.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(self, *_args: Any, cases: list[str], seconds: int, inside: bool, **_options: Any) -> None:
        """Measure and print. Raises CommandError when a figure misses its limit or a measurement fails."""
        if not inside:
            if code := run_inside([*cases, "--seconds", str(seconds)]):
                raise SystemExit(code)
            return
        try:
            missed = measure(cases or list(CASES), seconds=seconds, say=self.stdout.write)
        except DemoError as error:
            raise CommandError(str(error)) from error
        if missed:
            raise CommandError(f"Slower than its limit: {', '.join(missed)}")
