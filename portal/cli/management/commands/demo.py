"""`manage.py demo`: the whole of Purser and its outside world, until Ctrl-C."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.cli.demo import run_demo
from portal.cli.errors import DemoError
from portal.cli.places import demo_place
from portal.embedded import EmbeddedError, current


class Command(BaseCommand):
    """Start the demo; PORT, HOST and PURSER_DATA_DIR choose where."""

    help = "Run Purser with an outside world of its own: database, broker, registry, Jira and sign-in."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until Ctrl-C; end with code 1 and the reason when a part fails."""
        try:
            run_demo(demo_place(), current(), say=self._say)
        except (DemoError, EmbeddedError) as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
