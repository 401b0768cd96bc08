"""How many events fall into each stretch of time: one statement that looks at a bounded number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db import connection

from .models import Event
from .selectors import COUNT_LIMIT, events_visible_to
from .types import EventFilters, Scope

_COUNTS = """
    SELECT counted.events
      FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS stretch (since, until, place),
           LATERAL (SELECT count(*) AS events FROM (
               SELECT FROM ({events}) AS e WHERE e.at >= stretch.since AND e.at < stretch.until LIMIT {limit}
           ) AS found) AS counted
     ORDER BY stretch.place
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events from `since` up to before `until`, counted up to 10,001."""

    since: datetime
    until: datetime
    count: int


def count_between(scope: Scope, filters: EventFilters, edges: Sequence[datetime]) -> list[Stretch]:
    """How many visible events match between each edge and the next; more than 10,000 count as 10,001."""
    pairs = list(pairwise(edges))
    if not pairs or not (scope.everything or scope.teams or scope.persons):
        return [Stretch(since, until, 0) for since, until in pairs]
    events = events_visible_to(scope, filters).order_by().values("at")
    inner, params = events.query.get_compiler(connection=connection).as_sql()
    statement = _COUNTS.replace("{events}", inner).replace("{limit}", str(COUNT_LIMIT + 1))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*map(list, zip(*pairs, strict=True)), *params])
        counts = [count for (count,) in cursor.fetchall()]
    return [Stretch(*pair, count) for pair, count in zip(pairs, counts, strict=True)]


def first_moment() -> datetime | None:
    """When the log begins; None while it is empty."""
    return Event.objects.order_by("sequence").values_list("at", flat=True).first()
