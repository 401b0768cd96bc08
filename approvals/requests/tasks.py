"""Work of the clock: what nobody decided in time lapses."""

from celery import shared_task

from approvals.requests.services import lapse_due
from grants.lifecycle.clock import database_time


@shared_task
def lapse() -> int:
    """Let overdue requests lapse, by the database's clock; answers how many."""
    return lapse_due(now=database_time())
