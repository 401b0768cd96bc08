"""Wake-ups for the clock's part. The rows are the queue; a lost wake-up costs seconds."""

from celery import shared_task

from grants.lifecycle.windows import advance as advance_grants


@shared_task(name="grants.lifecycle.tasks.advance", ignore_result=True)
def advance() -> None:
    """Start and expire what is due by the database's clock."""
    advance_grants()
