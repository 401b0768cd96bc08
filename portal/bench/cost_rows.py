"""Many weeks of usage for the measurement of costs: one is brought as sources bring it, the others are its copies."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.models import Budget, Source
from audit.costs.partitions import ensure_months
from audit.costs.rates import RateChange, publish_rates, rate_version
from audit.costs.rebuild import rebuild
from audit.costs.records import Facts, Reading, Record
from audit.costs.stretches import by_month
from audit.ledger.actors import operator
from grants.directory.models import Team
from portal.bench.cost_fleet import TYPES, bench_fleet
from portal.sandbox.usage import capacity_between, usage_between
from portal.sandbox.usage.fleet import Fleet

WEEKS = 26
DAY, WEEK, HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)
BENCH = operator("bench")


@dataclass(frozen=True)
class Brought:
    """How long it took: rows brought as a source brings them, and rows whose sums were added up again."""

    rows: int
    seconds: float
    rebuilt: int
    rebuild_seconds: float


def first_monday(now: datetime) -> datetime:
    """The Monday on which the weeks begin; the last of them ends with the week before this one."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday()) - WEEKS * WEEK


def make_prices(first: date, *, now: datetime) -> None:
    """A price for each type, and a change in the middle."""
    ensure_types([name.upper() for name in TYPES])
    for number, day in enumerate((first, first + timedelta(days=90))):
        changes = [
            RateChange(gpu_type=name, from_day=day, price=Decimal(2 + place + number) / 2)
            for place, name in enumerate(TYPES)
        ]
        publish_rates(changes=changes, reason="Bench", expected_version=rate_version(), by=BENCH, now=now)


def make_budgets(teams: list[Team], now: datetime) -> None:
    """A budget of this month for each team."""
    month = now.date().replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    Budget.objects.bulk_create(
        Budget(
            owner_kind="team", owner=team.key, starts=month, ends=after, amount=20_000, thresholds=[80, 100]
        )
        for team in teams
    )


def bring(rows: int, *, first: datetime, now: datetime, first_cluster: int) -> Brought:
    """Bring about so many rows over all weeks, from clusters of their own."""
    fleet = bench_fleet(rows // WEEKS, first_cluster=first_cluster)
    source = Source.objects.create(key=f"fleet-{first_cluster}", kind="csv", name=f"Fleet {first_cluster}")
    taken, seconds = 0, 0.0
    for reading in _days(fleet, first):
        started = time.monotonic()
        load = take(source=source, readings=[reading], file_name="bench.csv", by=BENCH, now=now)
        seconds += time.monotonic() - started
        taken += load.rows
    ensure_months(first.date(), (first + (WEEKS + 1) * WEEK).date())
    for week in range(1, WEEKS):
        _copied(source, first, week)
    Source.objects.filter(pk=source.pk).update(complete_through=first + WEEKS * WEEK)
    return Brought(taken, seconds, *_added_up(first + WEEK, first + WEEKS * WEEK))


def bring_an_hour(*, at: datetime, now: datetime) -> tuple[float, Source]:
    """Bring one more hour of the largest fleet; the seconds until its sums stood."""
    source = Source.objects.order_by("-pk")[0]
    number = int(source.key.removeprefix("fleet-"))
    fleet = bench_fleet(100_000, first_cluster=number)
    reading = Reading(
        at, at + HOUR, frozenset({Facts.USAGE}), tuple(usage_between(fleet, at, at + HOUR, measured=True))
    )
    started = time.monotonic()
    take(source=source, readings=[reading], file_name="hour.csv", by=BENCH, now=now)
    return time.monotonic() - started, source


def analyse() -> None:
    """What autovacuum would have done a minute later: statistics and visibility of the new rows."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("VACUUM (ANALYZE)")


def _days(fleet: Fleet, first: datetime) -> Iterator[Reading]:
    for number in range(7):
        start = first + number * DAY
        yield _reading(fleet, start, start + DAY)


def _reading(fleet: Fleet, start: datetime, end: datetime) -> Reading:
    used, there = usage_between(fleet, start, end, measured=True), capacity_between(fleet, start, end)
    records: tuple[Record, ...] = (*used, *there)
    return Reading(start, end, frozenset({Facts.USAGE, Facts.CAPACITY}), records)


def _copied(source: Source, first: datetime, week: int) -> None:
    """The first week once more, `week` weeks later: slices, rows and capacity."""
    shift: dict[str, Any] = {
        "shift": week * WEEK,
        "source": source.pk,
        "first": first,
        "end": first + WEEK,
        "zone": settings.TIME_ZONE,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SLICES, shift)
        for table, moment in (("costs_usage", "start"), ("costs_capacity", "hour")):
            cursor.execute(_copy_of(table, moment), shift)


_SLICES = """
INSERT INTO costs_slice (source_id, facts, start, "end", digest, rows, complete, load_id)
SELECT source_id, facts, start + %(shift)s, "end" + %(shift)s, digest, rows, complete, load_id
  FROM costs_slice WHERE source_id = %(source)s AND start >= %(first)s AND start < %(end)s
"""


def _copy_of(table: str, moment: str) -> sql.Composed:
    with connection.cursor() as cursor:
        columns = [one.name for one in connection.introspection.get_table_description(cursor, table)]
    changed = {"id", "day", moment, "slice_id"}
    kept = sql.SQL(", ").join(sql.Identifier(name) for name in columns if name not in changed)
    alias = sql.SQL(", ").join(sql.Identifier("r", name) for name in columns if name not in changed)
    return sql.SQL("""
        INSERT INTO {table} (day, {moment}, slice_id, {kept})
        SELECT ((r.{moment} + %(shift)s) AT TIME ZONE %(zone)s)::date, r.{moment} + %(shift)s, later.id, {alias}
          FROM {table} r
          JOIN costs_slice s ON s.id = r.slice_id AND s.source_id = %(source)s
               AND s.start >= %(first)s AND s.start < %(end)s
          JOIN costs_slice later ON later.source_id = s.source_id AND later.facts = s.facts
               AND later.start = s.start + %(shift)s
    """).format(table=sql.Identifier(table), moment=sql.Identifier(moment), kept=kept, alias=alias)


def _added_up(first: datetime, end: datetime) -> tuple[int, float]:
    started = time.monotonic()
    zone = ZoneInfo(settings.TIME_ZONE)
    hours = [first + number * HOUR for number in range(int((end - first) / HOUR))]
    for stretch in by_month(hours, zone):
        with transaction.atomic():
            rebuild([stretch], zone)
    seconds = time.monotonic() - started
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM costs_usage WHERE start >= %s AND start < %s", [first, end])
        return int(cursor.fetchone()[0]), seconds
