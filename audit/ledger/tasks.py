"""Work the scheduler starts for the ledger."""

from celery import shared_task

from .actors import system
from .checkpoints import make_checkpoint
from .errors import CheckpointRefused
from .models import Checkpoint, Event
from .services import audited, record

ALARM = "audit.checkpoint.refused"


@shared_task(ignore_result=True)
def checkpoint() -> None:
    """Sign what is new; when the log was rewritten, sign nothing and say so in the log itself, once."""
    try:
        make_checkpoint()
    except CheckpointRefused as refusal:
        raise_alarm(refusal)


def raise_alarm(refusal: CheckpointRefused) -> None:
    """Record the refusal, unless it is the same one as after the last checkpoint."""
    newest = Checkpoint.objects.order_by("size").last()
    alarms = Event.objects.filter(kind=ALARM, sequence__gt=newest.size if newest else 0)
    if any(alarm.detail == refusal.detail for alarm in alarms.order_by("-sequence")[:1]):
        return
    with audited(by=system("ledger")):
        record(ALARM, subject="ledger:events", detail=refusal.detail)
