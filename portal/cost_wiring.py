"""What requests and grants tell the room of costs: planned use when approved, and when it is over."""

from datetime import datetime
from typing import Any

from approvals.requests.models import Request
from approvals.requests.signals import request_changed
from grants.lifecycle.models import Grant
from grants.lifecycle.signals import grant_changed
from portal.edges.cost_plans import hand_down, take_back

OVER = frozenset({"revoking", "ended", "failed"})


def connect() -> None:
    """Connect both. Called once, when the applications are ready."""
    request_changed.connect(_approved, dispatch_uid="purser.costs_planned")
    grant_changed.connect(_over, dispatch_uid="purser.costs_over")


def _approved(request_id: int, event: str, now: datetime, **_kwargs: Any) -> None:
    if event != "approved":
        return
    request = Request.objects.select_related("project__team").get(pk=request_id)
    grant = Grant.objects.filter(origin=request.label).first()
    if grant is not None:
        hand_down(request=request, grant=grant, people=grant.members.count(), now=now)


def _over(grant_id: int, event: str, **_kwargs: Any) -> None:
    if event in OVER:
        take_back(Grant.objects.get(pk=grant_id))
