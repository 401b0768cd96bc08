"""`manage.py import_directory FILE`: fill teams, projects or people from a CSV file."""

import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from grants.directory.services import import_directory
from grants.directory.texts import explain_fault
from grants.directory.types import ImportReport


class Command(BaseCommand):
    help = (
        "Import teams, projects or people from a CSV file (told apart by its header). - reads standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--dry-run", action="store_true", help="report what would change, change nothing")

    def handle(self, *args: Any, file: str, dry_run: bool, **options: Any) -> None:
        try:
            data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            raise CommandError(str(error)) from error
        report = import_directory(
            data=data,
            filename=Path(file).name,
            by=operator(getpass.getuser()),
            now=timezone.now(),
            apply=not dry_run,
        )
        self._tell(report)

    def _tell(self, report: ImportReport) -> None:
        for fault in report.faults:
            place = f"line {fault.line}, {fault.column}" if fault.column else f"line {fault.line}"
            self.stderr.write(f"{place}: {explain_fault(fault)}")
        if report.faults:
            raise CommandError(f"Nothing was imported: {len(report.faults)} faults.")
        if report.ignored_columns:
            self.stdout.write(f"Ignored columns: {', '.join(report.ignored_columns)}")
        done = "Imported" if report.applied else "Would import"
        self.stdout.write(
            f"{done} {report.kind}: {report.created} new, {report.changed} changed, "
            f"{report.unchanged} unchanged, {report.disabled} disabled."
        )
