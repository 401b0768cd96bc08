"""How a source is asked: step by step from where it was left, with late time read again. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from audit.costs.records import Facts, Reading
from audit.costs.sources.days import FACTS_OF
from audit.costs.sources.errors import Transient
from audit.costs.sources.values import day_of, whole_hour

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """What one question brought: readings to store together, and where the next run goes on.

    `through`: the time up to which the source is whole once this is stored. None leaves either as it is.
    """

    readings: tuple[Reading, ...]
    cursor: datetime | None
    through: datetime | None = None


class Puller(Protocol):
    """Asks one source. `steps` may raise SourceError at any of them; what came before is kept."""

    def steps(self, *, cursor: datetime | None, now: datetime) -> Iterator[Step]:
        """Every step of one run, oldest first. `cursor` None: nothing was read yet."""

    def close(self) -> None:
        """Close what is open."""


def spans(
    *,
    cursor: datetime | None,
    now: datetime,
    look_back: timedelta,
    back_fill: timedelta,
    length: timedelta,
    most: int,
) -> list[tuple[datetime, datetime]]:
    """Whole hours to ask for, in steps of at most `length`; `most` hours in all beyond those read again.

    Steps of a day begin at midnights (UTC), so that a day is asked for at once.
    """
    end = whole_hour(now)
    first = whole_hour(max(cursor - look_back, now - timedelta(days=400)) if cursor else now - back_fill)
    last = min(end, first + most * HOUR + (look_back if cursor else timedelta(0)))
    found = []
    while first < last:
        after = min(last, first + HOUR if length == HOUR else day_of(first) + DAY)
        found.append((first, after))
        first = after
    return found


def hours_in(start: datetime, end: datetime) -> list[datetime]:
    """The full hours of a span."""
    return [start + n * HOUR for n in range(int((end - start) / HOUR))]


def whole_until(end: datetime, now: datetime, look_back: timedelta) -> datetime:
    """Up to when a source is whole after it was read up to `end`."""
    return min(end, whole_hour(now - look_back))


def asked(
    ask: Callable[[datetime, datetime], list[Reading]],
    *,
    spans: Sequence[tuple[datetime, datetime]],
    now: datetime,
    look_back: timedelta,
    what: str,
) -> Iterator[Step]:
    """A step for each span, of what `ask` says of it; an hour counts as complete when it is older than the look-back.

    A span nobody knows anything about is passed over: it stays unknown, and never becomes zero. When the newest
    ones are such, the source is failing and is asked for them again: raises Transient then.
    """
    silent: datetime | None = None
    for start, end in spans:
        readings = tuple(replace(one, complete=one.end <= now - look_back) for one in ask(start, end))
        if readings:
            silent = None
            yield Step(readings, end, whole_until(end, now, look_back))
        else:
            silent = silent or start
    if silent and spans[-1][1] == whole_hour(now) and now - silent > look_back:
        raise Transient(f"{what} knows nothing about the time since {silent:%Y-%m-%d %H:%M} UTC.")
    if silent and spans[-1][1] != whole_hour(now):
        yield Step((), spans[-1][1])


def only(reading: Reading, wanted: frozenset[Facts]) -> Reading:
    """The reading without the kinds of facts that another source tells."""
    records = tuple(one for one in reading.records if FACTS_OF[type(one)] in wanted)
    return replace(reading, facts=reading.facts & wanted, records=records)
