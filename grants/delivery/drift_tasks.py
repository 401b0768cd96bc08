"""Scans on a schedule: one task finds the targets that are due, a lane for each looks."""

from contextlib import suppress

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from grants.catalogue.lanes import Lanes
from grants.delivery.drift import scan
from grants.delivery.drift_clock import take_due
from grants.delivery.drift_errors import NotScannable
from grants.delivery.targets import target_of


@shared_task(name="grants.delivery.drift_tasks.scan_due", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def scan_due() -> None:
    """Have each target whose scan is due looked at, in a lane of its own.

    It does not wait for them: systems that do not answer hold up neither each other nor other tasks.
    """
    for key in take_due(now=timezone.now()):
        lanes.ask(key)


def scan_target(key: str) -> None:
    """Scan the target with this key; one that is being scanned, or is gone, is left alone."""
    target = target_of(key)
    if target is None:
        return
    with suppress(NotScannable):
        scan(target, now=timezone.now())


lanes = Lanes(scan_target, named="scan of")


def wake_scans() -> None:
    """Have due targets scanned as soon as the open transaction has committed (now, when none is open)."""
    transaction.on_commit(_publish, robust=True)


def _publish() -> None:
    # Without retries: when the broker is down, the schedule finds the rows soon after.
    scan_due.apply_async(retry=False, expires=60)
