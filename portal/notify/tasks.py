"""Background work of notifications."""

from celery import shared_task
from django.utils import timezone

from portal.notify.costs import tell_costs
from portal.notify.months import tell_months
from portal.notify.reminders import alarm_of_removals, remind_of_endings
from portal.notify.services import send_due


@shared_task
def deliver() -> int:
    """Send the mails that are due."""
    return send_due(now=timezone.now())


@shared_task
def remind() -> int:
    """Tell members and leads of grants that end soon, administrators of removals that fail."""
    now = timezone.now()
    return remind_of_endings(now=now) + alarm_of_removals(now=now)


@shared_task
def costs() -> int:
    """Tell of thresholds, unusual days and broken rules that were not told, and of sources that fail."""
    return tell_costs(now=timezone.now())


@shared_task
def cost_months() -> int:
    """Send leads the month of their teams, once its data are complete."""
    return tell_months(now=timezone.now())
