"""Scans on a schedule: one task finds the targets that are due, one task for each looks."""

from contextlib import suppress

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from grants.delivery.drift import scan
from grants.delivery.drift_clock import take_due
from grants.delivery.drift_errors import NotScannable
from grants.delivery.targets import target_of


@shared_task(name="grants.delivery.drift_tasks.scan_due", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def scan_due() -> None:
    """Send a worker to each target whose scan is due."""
    for key in take_due(now=timezone.now()):
        scan_target.apply_async(args=[key], retry=False, expires=600)


@shared_task(name="grants.delivery.drift_tasks.scan_target", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def scan_target(key: str) -> None:
    """Scan the target with this key; one that is being scanned, or is gone, is left alone."""
    target = target_of(key)
    if target is None:
        return
    with suppress(NotScannable):
        scan(target, now=timezone.now())


def wake_scans() -> None:
    """Have due targets scanned as soon as the open transaction has committed (now, when none is open)."""
    transaction.on_commit(_publish, robust=True)


def _publish() -> None:
    # Without retries: when the broker is down, the schedule finds the rows soon after.
    scan_due.apply_async(retry=False, expires=60)
