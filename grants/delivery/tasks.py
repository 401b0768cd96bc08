"""Wake-ups for delivery. The rows are the queue; a lost wake-up costs seconds, never access."""

from typing import Any

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.db import transaction
from django.utils import timezone

from grants.delivery.claims import targets_due
from grants.delivery.lanes import Lanes
from grants.delivery.services import catch_up, plan_all
from grants.delivery.worker import work_due

BATCH, ROUNDS = 50, 40
LAST_WORDS = 5.0  # seconds a worker that is asked to end gives its calls; what they leave undone is due again


@shared_task(name="grants.delivery.tasks.sweep", ignore_result=True)
def sweep() -> None:
    """Have whatever is due now worked, each target in a lane of its own; three small queries when nothing is.

    It does not wait for them: a target that does not answer holds up neither other targets nor other tasks.
    """
    catch_up(now=timezone.now())
    for target in targets_due(now=timezone.now()):
        lanes.ask(target)


def work_target(target: str) -> None:
    """Work the due lines of one target, batch after batch."""
    for _ in range(ROUNDS):
        if work_due(now=timezone.now(), limit=BATCH, target=target) < BATCH:
            return


lanes = Lanes(work_target)


@worker_process_shutdown.connect(dispatch_uid="purser.lanes")
def _let_lanes_finish(**_kwargs: Any) -> None:
    lanes.settle(LAST_WORDS)


@shared_task(name="grants.delivery.tasks.replan", ignore_result=True)
def replan() -> None:
    """A target was added or changed: give every live grant its lines there, then work them."""
    plan_all(now=timezone.now())
    sweep()


def wake_all() -> None:
    """Ask a worker to plan every live grant anew as soon as the open transaction has committed."""
    transaction.on_commit(lambda: replan.apply_async(retry=False), robust=True)


def wake() -> None:
    """Ask a worker to sweep as soon as the open transaction has committed (now, when none is open)."""
    transaction.on_commit(_publish, robust=True)


def _publish() -> None:
    # Robust and without retries: when the broker is down, the schedule finds the rows seconds later.
    sweep.apply_async(retry=False, expires=10)
