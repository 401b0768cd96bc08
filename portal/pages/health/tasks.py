"""The sign of life of worker and scheduler."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

SEEN_KEY = "health:worker-seen"
KEPT = 24 * 3600
"""Seconds: long enough to say when a dead worker was seen last."""


@shared_task(name="portal.pages.health.tasks.beat", ignore_result=True)
def beat() -> None:
    """Note that scheduler, broker and worker carried a task to its end just now."""
    cache.set(SEEN_KEY, timezone.now().isoformat(), KEPT)
