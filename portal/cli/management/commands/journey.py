"""`manage.py journey`: the main job end to end against the running demo, with figures."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.embedded.places import data_folder
from portal.tests.journeys import proofs
from portal.tests.journeys.demo import Demo
from portal.tests.journeys.endings import Endings
from portal.tests.journeys.pulling import Pulls
from portal.tests.journeys.steps import Act, UnmetError, run_steps
from portal.tests.journeys.targets import Targets

NEED_THE_DEMO = ("pulls", "targets", "endings")
PROOFS = {
    "races": proofs.race_steps,
    "webhooks": proofs.webhook_steps,
    "tampering": proofs.tampering_steps,
    "browser": proofs.browser_steps,
}
NAMES = (*NEED_THE_DEMO, *PROOFS, "quick")


class Command(BaseCommand):
    """Ends with code 1 at the first expectation that is not met, and names it."""

    help = f"Live the main job against the running demo: {', '.join(NAMES)} (quick: pulls only; all unless named)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="name")
        parser.add_argument(
            "--slack", type=float, default=1.0, help="let speeds be so many times slower (busy machine)"
        )

    def handle(self, *_args: Any, names: list[str], slack: float, **_options: Any) -> None:
        wanted = [name.replace("quick", "pulls") for name in names] or [*NEED_THE_DEMO, *PROOFS]
        try:
            steps = [step for name in wanted for step in self._steps(name)]
        except UnmetError as error:
            raise CommandError(f"Expected {error}") from error
        if unmet := run_steps(steps, say=self._say, slack=slack):
            raise CommandError(f"Not met: {unmet}")

    def _steps(self, name: str) -> list[tuple[str, Act]]:
        if name in PROOFS:
            return PROOFS[name]()
        if not hasattr(self, "_pulls"):
            self._demo = Demo(data_folder())
            self._pulls = Pulls(self._demo)
        if name == "pulls":
            return self._pulls.steps()
        part = Targets if name == "targets" else Endings
        return part(self._demo, self._pulls).steps()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
