"""`manage.py export_applied TARGET [--project KEY] [--format terraform|yaml]`: take along what was applied."""

from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from grants.delivery.errors import NotExportable
from grants.delivery.exporting import FORMS, export_applied
from grants.delivery.management.planning import chosen, project_named


class Command(BaseCommand):
    help = "Write what live grants have put in place at a target, as Terraform or YAML, to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", help="key of a registry or cluster")
        parser.add_argument("--project", default="", help="key of a project: its entries only")
        parser.add_argument("--format", choices=list(FORMS), default="terraform")

    def handle(self, *_args: Any, **options: Any) -> None:
        [target], project = chosen(options), project_named(options["project"])
        projects = frozenset({project.key}) if project else None
        by = operator(getuser())
        try:
            made = export_applied(
                target=target, form=options["format"], projects=projects, by=by, now=timezone.now()
            )
        except NotExportable as error:
            raise CommandError(f"{target.key}: {error.message}") from error
        self.stdout.write(made.text, ending="")
