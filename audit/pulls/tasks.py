"""Background work of the pull log."""

from celery import shared_task
from django.utils import timezone

from audit.ledger.actors import system
from audit.pulls.services import seal


@shared_task(name="audit.pulls.tasks.seal")
def seal_pulls() -> int:
    """Commit the newest run of the log to the ledger."""
    return seal(by=system("pulls"), now=timezone.now())
