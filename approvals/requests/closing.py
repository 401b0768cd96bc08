"""Endings without a decision, and the reminder before one: withdraw, nudge, lapse."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from approvals.requests import steps
from approvals.requests.deciders import refusal_of_closed
from approvals.requests.errors import Conflict
from approvals.requests.looking import changed_detail, verdicts_of
from approvals.requests.models import Request
from approvals.requests.states import OPEN, RequestStatus
from audit.ledger.actors import Actor, system
from audit.ledger.services import audited
from grants.directory.folding import clean

log = logging.getLogger(__name__)

NUDGE_EVERY = timedelta(hours=24)
LAPSE_DAYS = 14
NOTE_LENGTH = 500


def withdraw(*, request: Request, by: Actor, now: datetime, reason: str = "") -> Request:
    """Take back a draft or a request that is not decided.

    By its requester or a lead of the team. Records `approvals.request.withdrawn`. Raises NotAllowed
    `not_an_editor`, Conflict `already_decided` or `already_closed`.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        _require_open(row)
        detail = {"reason": clean(reason).strip()[:NOTE_LENGTH]}
        steps.take(row, "withdraw", by=by, now=now, detail=detail)
        steps.tell(row, "withdrawn", now=now, person_id=viewer.person.pk)
    return row


def nudge(*, request: Request, by: Actor, now: datetime) -> Request:
    """Remind the approvers, once in 24 hours.

    By its requester or a lead of the team. Records `approvals.request.nudged`. Raises NotAllowed
    `not_an_editor`, Conflict `wrong_status` or `nudged_recently` (detail `next_at`).
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        if row.status != RequestStatus.PENDING:
            words = _("This request is not waiting for anybody.")
            raise Conflict("wrong_status", words, {"status": row.status})
        _require_rest(row, now)
        row.last_nudged_at = now
        row.save(update_fields=["last_nudged_at"])
        steps.note("approvals.request.nudged", row)
        steps.tell(row, "nudged", now=now, person_id=viewer.person.pk)
    return row


def lapse_due(*, now: datetime) -> int:
    """Close the requests that nobody decided within `POLICY["lapse_days"]` of sending; answers how many.

    Each in a transaction of its own; one that fails is logged, stays and stops no other. Records
    `approvals.request.lapsed`.
    """
    before = now - timedelta(days=settings.POLICY.get("lapse_days", LAPSE_DAYS))
    due = Request.objects.filter(status=RequestStatus.PENDING, submitted_at__lte=before).order_by(
        "submitted_at"
    )
    return sum(_lapsed(request, before, now) for request in due)


def _lapsed(request: Request, before: datetime, now: datetime) -> bool:
    try:
        return _lapse(request, before, now)
    except Exception:
        log.exception("%s could not lapse", request.number)
        return False


def _lapse(request: Request, before: datetime, now: datetime) -> bool:
    by = system("lapse")
    with audited(by=by):
        row = steps.lock(request)
        if row.status != RequestStatus.PENDING or row.submitted_at is None or row.submitted_at > before:
            return False
        steps.take(row, "lapse", by=by, now=now)
        steps.tell(row, "lapsed", now=now)
    return True


def _require_open(request: Request) -> None:
    if request.status not in OPEN:
        raise refusal_of_closed(request.status, verdicts_of(request), changed_detail(request)).error()


def _require_rest(request: Request, now: datetime) -> None:
    last = request.last_nudged_at
    if last is not None and now < last + NUDGE_EVERY:
        words = _("The approvers were reminded less than 24 hours ago.")
        raise Conflict("nudged_recently", words, {"next_at": (last + NUDGE_EVERY).isoformat()})
