"""Which lanes a request needs, who may decide in them, and by when."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings

from approvals.policy.checks import REVIEW_LANE, SECURITY_LANE
from approvals.routing.staffing import staffed
from grants.directory.models import Person
from grants.directory.selectors import approvers_by_lane

TARGET_HOURS = 24


def lanes_for(restricted: Iterable[bool]) -> tuple[str, ...]:
    """The lanes for images, given whether each is restricted: MLOps always, security for a restricted one."""
    return (REVIEW_LANE, SECURITY_LANE) if any(restricted) else (REVIEW_LANE,)


def holders(lanes: Iterable[str]) -> dict[str, list[Person]]:
    """Everybody active who holds each lane's role, by name: one query."""
    return approvers_by_lane(lanes)


def eligible(lane: str, excluding: Collection[int]) -> list[Person]:
    """Who may decide in the lane: its active approvers less the persons in `excluding`, by name."""
    return [person for person in holders([lane])[lane] if person.pk not in excluding]


def unstaffed(pools: dict[str, list[Person]], excluding: Collection[int]) -> tuple[str, ...]:
    """The lanes that nobody is left for when each lane needs a person of its own, less `excluding`."""
    found = staffed({lane: {p.pk for p in people} - set(excluding) for lane, people in pools.items()})
    return tuple(lane for lane in pools if lane not in found)


def due_at(now: datetime) -> datetime:
    """When an answer is due: `POLICY["target_hours"]` hours (24) after `now`."""
    return now + timedelta(hours=settings.POLICY.get("target_hours", TARGET_HOURS))
