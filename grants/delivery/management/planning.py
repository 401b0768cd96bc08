"""What the commands about plans share: which targets, how plans are printed, and the exit code they come to."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grants.delivery.plan_steps import TargetPlan, as_document, as_text
from grants.delivery.planning import every_target
from grants.delivery.targets import Target, target_of
from grants.directory.models import Project

NOTHING, FAILED, CHANGES = 0, 1, 2


class PlanCommand(BaseCommand):
    """A command that prints plans. Exit code 0: nothing to do; 2: something is; 1: a target could not be asked."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The target and the form."""
        parser.add_argument("target", nargs="?", help="key of a registry or cluster; all, when left out")
        parser.add_argument("--json", action="store_true", help="for programs")

    def print_plans(self, plans: Sequence[TargetPlan], *, as_json: bool) -> None:
        """Print them, by target."""
        if as_json:
            documents = {"targets": [as_document(plan) for plan in plans]}
            self.stdout.write(json.dumps(documents, ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(as_text(plan) for plan in plans), ending="")


def chosen(options: dict[str, Any]) -> list[Target]:
    """The target named on the command line, or all. Raises CommandError."""
    key = options["target"]
    if not key:
        return every_target()
    if (target := target_of(key)) is None:
        raise CommandError(f"There is no target {key}.")
    return [target]


def project_named(key: str) -> Project | None:
    """The project with this key; None for no key. Raises CommandError."""
    project = Project.objects.filter(key=key).first() if key else None
    if key and project is None:
        raise CommandError(f"There is no project {key}.")
    return project


def code_of(plans: Sequence[TargetPlan]) -> int:
    """The exit code these plans come to."""
    if any(plan.error for plan in plans):
        return FAILED
    return CHANGES if any(plan.changes for plan in plans) else NOTHING


def leave(code: int) -> None:
    """End the process with a code other than 0."""
    if code:
        raise SystemExit(code)
