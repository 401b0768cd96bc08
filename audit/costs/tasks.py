"""Background work of the cost room."""

from celery import shared_task
from django.utils import timezone

from audit.costs.checks import check_nightly
from audit.costs.finding import find_anomalies as find_unusual_days
from audit.costs.outlooks import refresh_outlooks as refresh_budget_outlooks
from audit.costs.pulling import pull_due as pull_due_sources
from audit.costs.rebuilding import rederive as rederive_rows
from audit.ledger.actors import system


@shared_task(name="audit.costs.tasks.nightly")
def nightly() -> int:
    """Compare sums with rows and check the rules; returns how many are newly broken."""
    return len(check_nightly(by=system("costs"), now=timezone.now()))


@shared_task(name="audit.costs.tasks.rederive")
def rederive() -> bool:
    """Look at activity again after the threshold has changed."""
    return rederive_rows(by=system("costs"), now=timezone.now())


@shared_task(name="audit.costs.tasks.pull_due", ignore_result=True)
def pull_due() -> None:
    """Ask the sources of usage that are due."""
    pull_due_sources()


@shared_task(name="audit.costs.tasks.refresh_outlooks")
def refresh_outlooks() -> int:
    """Forecast running budgets again whose costs have changed; returns how many."""
    return refresh_budget_outlooks(now=timezone.now())


@shared_task(name="audit.costs.tasks.find_anomalies")
def find_anomalies() -> int:
    """Look for unusual days among the last complete ones; returns how many are new."""
    return find_unusual_days(now=timezone.now())
