"""Wake-ups for delivery. The rows are the queue; a lost wake-up costs seconds, never access."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from grants.delivery.services import catch_up
from grants.delivery.worker import work_due

BATCH, ROUNDS = 50, 40


@shared_task(name="grants.delivery.tasks.sweep", ignore_result=True)
def sweep() -> None:
    """Work whatever is due now; three small queries when nothing is. Workers never wait for each other."""
    catch_up(now=timezone.now())
    for _ in range(ROUNDS):
        if work_due(now=timezone.now(), limit=BATCH) < BATCH:
            return


def wake() -> None:
    """Ask a worker to sweep as soon as the open transaction has committed (now, when none is open)."""
    transaction.on_commit(_publish, robust=True)


def _publish() -> None:
    # Robust and without retries: when the broker is down, the schedule finds the rows seconds later.
    sweep.apply_async(retry=False, expires=10)
