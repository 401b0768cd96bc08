"""The chart above the events: exact counts, and bars that narrow the list to what they count."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from approvals.requests.testing import make_scene
from audit.ledger import histogram as ledger
from audit.ledger.services import audited, record
from audit.ledger.types import EventFilters, Scope
from grants.directory.actors import actor_for
from portal.pages.audit.histogram import histogram_of
from portal.pages.testing import as_person
from portal.testing import owner_without_triggers

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
ALL = Scope(everything=True)
MANY = """
    INSERT INTO ledger_event (sequence, at, kind, actor, actor_name, subject, project, team, person, image, detail,
                              previous, hash)
    SELECT n, %s + n * interval '1 minute', 'bench.event.made', 'system:bench', '', '', '', '', '', '', '{}', '', ''
      FROM generate_series(1, 10000) AS n
"""


@pytest.fixture
def scene():
    return make_scene()


def events(scene, *moments, kind="grants.person.changed", team=""):
    """Events at these moments: the ledger itself only knows now."""
    for moment in moments:
        with audited(by=actor_for(scene.people.root)):
            record(kind, subject="person:9", team=team)
        with owner_without_triggers(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ledger_event SET at = %s WHERE sequence = (SELECT max(sequence) FROM ledger_event)",
                [moment],
            )


def drawn(query="", *, scope=ALL, now=NOW, **filters):
    return histogram_of(RequestFactory().get(f"/audit/{query}"), scope, EventFilters(**filters), now=now)


def test_a_week_is_counted_by_day_and_each_bar_narrows_to_its_day(scene):
    events(scene, NOW - timedelta(days=1), NOW - timedelta(days=1, hours=2), NOW - timedelta(days=3))
    chart = drawn("?kind=grants&days=7&before=9", since=NOW - timedelta(days=7))
    assert [bar.count for bar in chart.bars] == [0, 0, 0, 0, 1, 0, 2, 0]
    assert [bar.height for bar in chart.bars] == [0, 0, 0, 0, 50, 0, 100, 0]
    assert (chart.step, chart.most.name, chart.most.short) == ("day", "19 November 2026", "19")
    assert chart.most.url == "?kind=grants&since=2026-11-19&until=2026-11-19"


def test_a_day_is_counted_by_hour_and_each_bar_narrows_to_its_hour(scene):
    events(scene, NOW, NOW - timedelta(hours=1), NOW - timedelta(minutes=70))
    chart = drawn(since=NOW.replace(hour=0, minute=0))
    assert [bar.count for bar in chart.bars] == [0] * 9 + [2, 1]
    assert (chart.most.name, chart.most.url) == (
        "20 November 2026, 09:00",
        "?since=2026-11-20&until=2026-11-20&hour=9",
    )


@pytest.mark.parametrize(
    ("days", "step", "bars", "last"), [(300, "month", 11, "November 2026"), (1500, "year", 5, "2026")]
)
def test_long_times_are_counted_by_month_and_year(scene, days, step, bars, last):
    events(scene, NOW - timedelta(days=days), NOW - timedelta(minutes=1))
    chart = drawn()
    assert (chart.step, len(chart.bars), chart.bars[-1].name) == (step, bars, last)
    assert (chart.bars[0].count, chart.bars[-1].count) == (1, 1)


def test_only_what_matches_and_may_be_seen_is_counted(scene):
    events(scene, NOW - timedelta(hours=30), kind="grants.role.given", team="vision")
    events(scene, NOW - timedelta(hours=30), team="anti-fraud")
    since = NOW - timedelta(days=7)
    assert drawn(since=since, kind="grants.role").most.count == 1
    assert drawn(scope=Scope(teams=frozenset({"anti-fraud"})), since=since).most.count == 1
    assert drawn(scope=Scope(), since=since) is None


def test_nothing_is_drawn_of_a_single_hour_or_of_nothing(scene):
    assert drawn() is None
    events(scene, NOW - timedelta(minutes=5))
    assert drawn(since=NOW - timedelta(hours=1)) is None
    assert drawn(since=NOW + timedelta(days=1)) is None


def test_a_stretch_is_counted_up_to_its_limit(scene, monkeypatch):
    monkeypatch.setattr(ledger, "COUNT_LIMIT", 2)
    events(scene, *[NOW] * 4)
    (stretch,) = ledger.count_between(ALL, EventFilters(), [NOW, NOW + timedelta(hours=1)])
    assert stretch.count == 3


def test_a_big_log_is_counted_by_the_index_of_time(scene):
    since = NOW - timedelta(days=7)
    with owner_without_triggers(), connection.cursor() as cursor:
        cursor.execute(MANY, [since])
        cursor.execute("ANALYZE ledger_event")
    with CaptureQueriesContext(connection) as caught:
        assert drawn(since=since, now=NOW).most.count == 1440
    (statement,) = [query["sql"] for query in caught if "stretch" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "using ledger_event_at" in plan
    assert "Seq Scan" not in plan


def test_the_bars_say_what_they_show(scene):
    events(scene, *[datetime.now(UTC) - timedelta(days=2)] * 2)
    answer = as_person(scene.people.ada).get("/audit/")
    bar = answer.context["histogram"].most
    assert f"{bar.name}: 2 events" in answer.text
    assert f'href="?since={datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}&amp;until=' in answer.text
    narrowed = as_person(scene.people.ada).get(f"/audit/{bar.url}")
    assert len(narrowed.context["lines"]) == 2
