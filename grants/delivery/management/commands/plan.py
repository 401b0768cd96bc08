"""`manage.py plan [TARGET] [--project KEY] [--json]`: what Purser would do at its targets now."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from grants.delivery.management.planning import PlanCommand, chosen, code_of, leave, project_named
from grants.delivery.planning import plan_of


class Command(PlanCommand):
    help = "Read the targets and print what is to be added, changed and removed there; nothing is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", default="", help="key of a project: its places only")

    def handle(self, *_args: Any, **options: Any) -> None:
        project = project_named(options["project"])
        targets = chosen(options)
        plans = [plan_of(target, now=timezone.now(), project=project) for target in targets]
        self.print_plans(plans, as_json=options["json"])
        leave(code_of(plans))
