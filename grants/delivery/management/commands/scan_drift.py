"""`manage.py scan_drift [TARGET]`: look at targets now for what changed there without Purser."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from grants.delivery.drift import ScanReport, scan
from grants.delivery.drift_errors import NotScannable
from grants.delivery.targets import Target, target_of, targets_with_layout

SHOWN = (
    "wanted",
    "there",
    "vanished",
    "changed",
    "leftover",
    "appeared",
    "repairing",
    "held",
    "fought",
    "closed",
)


class Command(BaseCommand):
    """Does what the schedule does, at once; differences are put right or reported as the target's options say."""

    help = "Look at one target, or at all that keep entries, for what changed there without Purser."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", nargs="?", help="key of a registry or cluster; all, when left out")

    def handle(self, *_args: Any, **options: Any) -> None:
        key = options["target"]
        targets = [_target(key)] if key else targets_with_layout()
        failed = [target.key for target in targets if not self._scanned(target)]
        if failed:
            raise CommandError(f"Could not be looked at: {', '.join(failed)}")

    def _scanned(self, target: Target) -> bool:
        try:
            report = scan(target, now=timezone.now())
        except NotScannable as error:
            raise CommandError(f"{target.key}: {error.message}") from error
        self.stdout.write(f"{target.key}: {report.error or _words(report)}")
        return not report.error


def _target(key: str) -> Target:
    target = target_of(key)
    if target is None:
        raise CommandError(f"There is no target {key}.")
    return target


def _words(report: ScanReport) -> str:
    counts = ", ".join(f"{getattr(report, name)} {name}" for name in SHOWN)
    doubt = " It showed suspiciously little." if report.too_little else ""
    return f"{counts}; {report.ms} ms of our own time.{doubt}"
