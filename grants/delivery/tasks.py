"""Wake-ups for delivery. The rows are the queue; a lost wake-up costs seconds, never access."""

from functools import partial
from typing import Any

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.db import transaction
from django.utils import timezone

from grants.catalogue.lanes import Lanes
from grants.delivery.claims import targets_due
from grants.delivery.services import catch_up, plan_all
from grants.delivery.targets import target_of
from grants.delivery.turns import at_once
from grants.delivery.worker import work_batch

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
    """Work the due lines of one target, batch after batch; where there are more than one takes on, with more hands."""
    for _ in range(ROUNDS):
        batch = work_batch(
            now=timezone.now(), limit=BATCH, target=target, full=partial(_call_for_hands, target)
        )
        # What others are at is theirs: going on would only mean to look for whose turn it is, again and again.
        if batch.claimed < BATCH or batch.busy > BATCH / 2:
            return


def _call_for_hands(target: str) -> None:
    found = target_of(target)
    if found is not None:
        lanes.ask_more(target, at_most=at_once(found))


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
