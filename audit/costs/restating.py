"""Closed days that change afterwards: what was said before stays readable beside what is said now."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from audit.costs.models import Restatement
from audit.costs.settings import cost_settings
from audit.costs.types import ZERO

_STATED = """
    SELECT DISTINCT day FROM unnest(%(days)s::date[]) AS d(day) WHERE EXISTS (
        SELECT 1 FROM costs_slice s WHERE s.facts = 'usage'
            AND s.start < (day + 1)::timestamp AT TIME ZONE %(zone)s AND s."end" > day::timestamp AT TIME ZONE %(zone)s
    )
"""
_TEAMS = """
    SELECT day, team, sum(held_ms)::bigint, sum(cost) FROM (
        SELECT day, team, held_ms, cost FROM costs_teamday WHERE day = ANY(%(days)s)
        UNION ALL
        SELECT day, team, 0, unused_cost FROM costs_reservationday WHERE day = ANY(%(days)s)
    ) parts GROUP BY day, team
"""
TeamDays = dict[tuple[date, str], tuple[int, Decimal]]
_NOTHING = (0, ZERO)


@dataclass(frozen=True, slots=True)
class Why:
    """What made figures change: late, rates, activity, reservation or rebuild."""

    cause: str
    source: str = ""
    revision: int | None = None


def closed_among(days: Sequence[date], now: datetime) -> list[date]:
    """Which of the days are closed and have been stated: a usage slice touched them before."""
    closed_before = timezone.localtime(now).date() - timedelta(days=cost_settings().closed_after_days)
    old = [day for day in days if day < closed_before]
    if not old:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_STATED, {"days": old, "zone": timezone.get_default_timezone_name()})
        return sorted(day for (day,) in cursor.fetchall())


def team_days(days: Sequence[date]) -> TeamDays:
    """Held time and cost (use and unused reservations) of each team on each of the days."""
    if not days:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS, {"days": list(days)})
        return {(day, team): (held, cost) for day, team, held, cost in cursor.fetchall()}


@contextmanager
def restating(days: Sequence[date], why: Why, now: datetime) -> Iterator[list[Restatement]]:
    """Inside, figures of these days change; those of closed days that did are written down at the end.

    What is written down stands in the list that is given.
    """
    closed = closed_among(days, now)
    before = team_days(closed)
    written: list[Restatement] = []
    yield written
    written += _restate(closed, before, why, now)


def _restate(closed: Sequence[date], before: TeamDays, why: Why, now: datetime) -> list[Restatement]:
    after = team_days(closed)
    rows = []
    for day, team in sorted(before.keys() | after.keys()):
        old, new = before.get((day, team), _NOTHING), after.get((day, team), _NOTHING)
        if old != new:
            amounts = {"before_ms": old[0], "after_ms": new[0], "before_cost": old[1], "after_cost": new[1]}
            which = {"cause": why.cause, "source": why.source, "revision": why.revision}
            rows.append(Restatement(day=day, team=team, at=now, **which, **amounts))
    return Restatement.objects.bulk_create(rows, batch_size=2_000)
