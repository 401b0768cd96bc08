"""Trying failing lines of a grant again now, because somebody mended their cause."""

from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.delivery.models import Delivery
from grants.delivery.permissions import check_retry
from grants.delivery.services import lock_grant
from grants.delivery.signals import delivery_changed
from grants.delivery.states import OPEN
from grants.delivery.tasks import wake
from grants.lifecycle.models import Grant


def retry_now(*, grant: Grant, by: Actor, now: datetime) -> int:
    """Make every failing line of the grant due now; how many those were.

    For leads of the project's team and administrators. Records `grants.delivery.retried` when there was one; raises
    NotAllowed `not_a_lead`. Their count of failures stays, so that pauses do not shorten by pressing a button.
    """
    with audited(by=by):
        locked = lock_grant(grant.pk)
        check_retry(locked, by=by)
        failing = Delivery.objects.filter(grant=locked, status__in=OPEN, failures__gt=0)
        lines = failing.update(next_attempt_at=now)
        if lines:
            project = locked.project
            where = {"project": project.key, "team": project.team.key}
            record("grants.delivery.retried", subject=locked.label, detail={"lines": lines}, **where)
            delivery_changed.send(sender=Delivery, grant_id=locked.pk)
            wake()
    return lines
