"""Reminders: of grants that end soon, scaled to their length, and of removals that fail for too long."""

from datetime import datetime, timedelta

from grants.delivery.models import Delivery
from grants.delivery.selectors import overdue
from grants.delivery.states import Status
from grants.directory.models import Person
from grants.directory.roles import ADMINISTRATOR
from grants.lifecycle.models import Grant
from grants.lifecycle.states import ALLOWING
from portal.notify.kinds import Kind, reminder_days
from portal.notify.receivers import grant_params, people_of
from portal.notify.services import notify

REMOVAL_ALARM = timedelta(minutes=15)


def remind_of_endings(*, now: datetime) -> int:
    """Tell each member once at each threshold passed; only the nearest threshold speaks."""
    soon = Grant.objects.filter(status__in=ALLOWING, ends__gt=now, ends__lte=now + timedelta(days=21))
    return sum(_remind(grant, now=now) for grant in soon.select_related("project__team"))


def alarm_of_removals(*, now: datetime) -> int:
    """Tell administrators, once a day each, of lines that should have been gone for 15 minutes and are not."""
    late = overdue(now).filter(status__in=[Status.UNWANTED, Status.REMOVED], since__lte=now - REMOVAL_ALARM)
    administrators = set(
        Person.objects.filter(active=True, roles__role=ADMINISTRATOR).values_list("pk", flat=True)
    )
    return sum(_alarm(row, administrators, now=now) for row in late.select_related("grant__project__team"))


def _alarm(row: Delivery, people: set[int], *, now: datetime) -> int:
    return notify(
        people=people,
        kind=Kind.REMOVAL_OVERDUE,
        occasion=f"delivery:{row.pk}:{now:%Y%m%d}",
        now=now,
        grant_id=row.grant_id,
        params=grant_params(row.grant) | {"subject": row.key, "target": row.target, "text": row.last_error},
    )


def _remind(grant: Grant, *, now: datetime) -> int:
    length = (grant.ends - grant.starts) / timedelta(days=1)
    left = (grant.ends - now) / timedelta(days=1)
    passed = [days for days in reminder_days(length) if left <= days]
    if not passed:
        return 0
    return notify(
        people=people_of(grant),
        kind=Kind.ENDING,
        occasion=f"grant:{grant.pk}:{min(passed)}:{grant.ends:%Y%m%d}",
        now=now,
        grant_id=grant.pk,
        params=grant_params(grant),
    )
