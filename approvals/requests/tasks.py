"""Work of the clock: what nobody decided in time lapses."""

from celery import shared_task
from django.utils import timezone

from approvals.requests.services import lapse_due


@shared_task
def lapse() -> int:
    """Let overdue requests lapse; answers how many."""
    return lapse_due(now=timezone.now())
