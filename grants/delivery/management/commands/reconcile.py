"""`manage.py reconcile [TARGET] [--apply]`: print the plan, and with --apply do it in this process."""

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import timedelta
from getpass import getuser
from typing import Any

from django.utils import timezone

from audit.ledger.actors import operator
from grants.delivery.drift_errors import NotScannable
from grants.delivery.management.planning import CHANGES, FAILED, PlanCommand, chosen, code_of, leave
from grants.delivery.models import Delivery
from grants.delivery.plan_steps import TargetPlan
from grants.delivery.planning import plan_of
from grants.delivery.reconciling import lines_left, reconcile, work_until
from grants.delivery.targets import Target

SECONDS = 60


class Command(PlanCommand):
    help = "Print what is to be done at the targets; with --apply do it now and print what is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--apply", action="store_true", help="do it; recorded as you")
        parser.add_argument(
            "--seconds", type=float, default=SECONDS, help="with --apply: the longest time to work"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        targets = chosen(options)
        plans = [plan_of(target, now=timezone.now()) for target in targets]
        if not options["apply"]:
            self.print_plans(plans, as_json=options["json"])
            return leave(code_of(plans))
        if not options["json"]:
            self.print_plans(plans, as_json=False)
            self.stdout.write("")
        return self._apply(targets, plans, options)

    def _apply(self, targets: Sequence[Target], plans: Sequence[TargetPlan], options: dict[str, Any]) -> None:
        asked = [pair for pair in zip(targets, plans, strict=True) if not pair[1].error]
        begun = [self._begun(*pair) for pair in asked]
        keys = [target.key for target, _ in asked]
        worked = work_until(keys, deadline=timezone.now() + timedelta(seconds=options["seconds"]))
        left = [plan_of(target, now=timezone.now()) for target, _ in asked]
        lines = list(lines_left(keys))
        if options["json"]:
            self.print_plans(left, as_json=True)
        else:
            self.stdout.write(f"{worked} lines worked. What is left:")
            self.print_plans(left, as_json=False)
            self._print_lines(lines)
        failed = len(asked) < len(plans) or not all(begun)
        leave(FAILED if failed else code_of(left) or (CHANGES if lines else 0))

    def _begun(self, target: Target, plan: TargetPlan) -> bool:
        try:
            error = reconcile(target, plan, by=operator(getuser()), now=timezone.now())
        except NotScannable as refused:
            error = str(refused.message)
        if error:
            self.stderr.write(f"{target.key}: {error}")
        return not error

    def _print_lines(self, lines: Sequence[Delivery]) -> None:
        for row in lines:
            why = f": {row.last_error}" if row.last_error else ""
            self.stdout.write(
                f"  {row.target}: {row.kind} {row.key} of grant {row.grant_id} is {row.status}{why}"
            )
