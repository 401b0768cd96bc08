"""Reminders of grants that end soon, scaled to the grant's length."""

from datetime import datetime, timedelta

from grants.lifecycle.models import Grant
from grants.lifecycle.states import ALLOWING
from portal.notify.kinds import Kind, reminder_days
from portal.notify.receivers import grant_params, people_of
from portal.notify.services import notify


def remind_of_endings(*, now: datetime) -> int:
    """Tell each member once at each threshold passed; only the nearest threshold speaks."""
    soon = Grant.objects.filter(status__in=ALLOWING, ends__gt=now, ends__lte=now + timedelta(days=21))
    return sum(_remind(grant, now=now) for grant in soon.select_related("project__team"))


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
