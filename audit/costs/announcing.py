"""Telling the house that figures have changed."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from django.db import transaction

from audit.costs.models import DayTotal
from audit.costs.signals import costs_changed


def announce(days: Sequence[date]) -> None:
    """After commit, tell the house that figures of these days have changed."""
    if days:
        transaction.on_commit(partial(_tell, min(days), max(days)), robust=True)


def _tell(first: date, last: date) -> None:
    costs_changed.send_robust(sender=DayTotal, first=first, last=last)
