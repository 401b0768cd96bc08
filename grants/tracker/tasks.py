"""Wake-ups for the tracker. The rows are the queue; a lost wake-up costs seconds, a lost webhook minutes."""

from celery import shared_task
from django.db import transaction

from grants.lifecycle.clock import database_time
from grants.tracker.pausing import give_notice
from grants.tracker.polling import poll_changes
from grants.tracker.reading import read_due
from grants.tracker.services import finish_due
from grants.tracker.watches import follow_projects


@shared_task(name="grants.tracker.tasks.sweep", ignore_result=True)
def sweep() -> None:
    """Follow what the directory names, read what is due, tell of what ends soon, end what is due. By the database."""
    follow_projects(now=database_time())
    read_due()
    give_notice(now=database_time())
    finish_due(now=database_time())


@shared_task(name="grants.tracker.tasks.poll", ignore_result=True)
def poll() -> None:
    """Ask Jira what changed, then sweep."""
    poll_changes()
    sweep()


def wake() -> None:
    """Ask a worker to sweep as soon as the open transaction has committed (now, when none is open)."""
    transaction.on_commit(_publish, robust=True)


def _publish() -> None:
    # Robust and without retries: when the broker is down, the schedule finds the rows seconds later.
    sweep.apply_async(retry=False, expires=10)
