"""Who may read which sums: a lead no other team's money, a member nobody else's name, nobody what is nobody's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.costs import providers
from audit.costs.attribution import Book
from audit.costs.errors import CostNotFound
from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.models import Anomaly, Source
from audit.costs.narrowing import MEASURES, ask
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import Facts, Reading, UsageRecord
from audit.costs.selectors import (
    adopters,
    anomalies_in,
    anomaly_of,
    breakdown,
    breakdowns,
    choices,
    first_day,
    org_lines,
    overview,
    series,
    standing,
    totals,
)
from audit.costs.types import REST, By, CostFilters, CostScope, Period, Sums
from audit.costs.unusual import note_anomaly
from audit.costs.wholes import WHOLES
from audit.ledger.actors import Actor
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db
ROOT = Actor("person", "1", "Root")
START = datetime(2026, 11, 2, tzinfo=UTC)
NOW = START + timedelta(days=3)
DAYS = CostFilters(Period(date(2026, 11, 2), date(2026, 11, 4)))
ALICE, BOB, CHARLIE = "person:1", "person:2", "person:3"
EVERYTHING = CostScope(everything=True, names=True)
LEAD = CostScope(teams=frozenset({"fraud"}), person=ALICE, names=True)
MEMBER = CostScope(teams=frozenset({"fraud"}), person=BOB)
STRANGER = CostScope()
USED = [  # day, project, person, GPUs for one hour
    (0, "fraud-v2", "alice", 1),
    (0, "fraud-v2", "bob", 2),
    (1, "fraud-v2", "bob", 4),
    (0, "loans", "charlie", 8),
    (1, "loans", "bob", 16),
    (1, "", "charlie", 32),
    (1, "", "bob", 64),
]


def record(day: int, project: str, person: str, gpus: int) -> UsageRecord:
    labels = {"purser.io/project": project, "purser.io/person": person}
    start = START + timedelta(days=day, hours=9)
    return UsageRecord(
        start, start + timedelta(hours=1), "c1", "l40s", Decimal(gpus), image=f"h/{person}:1",
        digest=f"sha256:{person}", workload=f"{project}-{person}",
        labels={key: value for key, value in labels.items() if value},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def used(db: None) -> Iterator[None]:
    """Alice and Bob of fraud, Charlie of credit; Bob helps credit, and two runs belong to nobody."""
    before = list(providers._books)
    people = {"alice": ALICE, "bob": BOB, "charlie": CHARLIE}
    providers.use_book(lambda: Book(projects={"fraud-v2": "fraud", "loans": "credit"}, people=people))
    ensure_types(["l40s"])
    price = RateChange("l40s", date(2026, 1, 1), Decimal(1))
    publish_rates(changes=[price], reason="test", expected_version=0, by=ROOT, now=NOW)
    source = Source.objects.create(key="files", kind="csv", name="Files")
    said = Reading(
        START, START + timedelta(days=2), frozenset({Facts.USAGE}), tuple(record(*one) for one in USED)
    )
    take(source=source, readings=[said], file_name="use.csv", by=ROOT, now=NOW)
    yield
    providers._books[:] = before


def costs(scope: CostScope, by: By, filters: CostFilters = DAYS) -> dict[str, Decimal]:
    return {line.value: line.sums.cost for line in breakdown(scope, filters, by=by)}


def test_everything_is_everything():
    assert totals(EVERYTHING, DAYS).cost == 127
    assert costs(EVERYTHING, By.TEAM) == {"": 96, "credit": 24, "fraud": 7}
    assert overview(EVERYTHING, DAYS).unattributed.cost == 96


def test_a_lead_sees_the_team_with_names_and_no_other_teams_money():
    lead = replace(LEAD, person="")
    assert totals(lead, DAYS).cost == 7
    assert costs(lead, By.PERSON) == {BOB: 6, ALICE: 1}
    assert totals(lead, replace(DAYS, teams=("credit",))) == Sums()
    assert totals(lead, replace(DAYS, teams=("",))) == Sums()
    assert overview(lead, DAYS).unattributed == Sums()
    assert choices(lead, DAYS).values[By.PROJECT] == ("fraud-v2",)
    assert [line.team for line in org_lines(lead, DAYS, now=NOW)] == ["fraud"]


def test_a_member_sees_the_team_and_their_own_use_and_nobody_elses_name():
    assert totals(MEMBER, DAYS).cost == 7 + 16 + 64
    assert totals(MEMBER, replace(DAYS, teams=("fraud",))).cost == 7
    assert costs(MEMBER, By.PERSON, replace(DAYS, teams=("fraud",))) == {BOB: 6, REST: 1}
    assert costs(MEMBER, By.TEAM) == {"": 64, "credit": 16, "fraud": 7}
    assert set(series(MEMBER, DAYS, by=By.PERSON).rows) == {BOB, REST}
    assert set(choices(MEMBER, DAYS).values[By.PERSON]) == {BOB, REST}


def test_a_member_cannot_ask_for_somebody_elses_use():
    asked = replace(DAYS, teams=("fraud",), persons=(ALICE,))
    assert totals(MEMBER, asked) == Sums()
    assert totals(LEAD, asked).cost == 1
    assert totals(MEMBER, replace(asked, persons=(ALICE, BOB))).cost == 6


def test_own_use_is_seen_wherever_it_was():
    mine = CostScope(person=BOB)
    assert totals(mine, DAYS).cost == 6 + 16 + 64
    assert totals(mine, replace(DAYS, teams=("credit",))).cost == 16
    assert costs(mine, By.PROJECT) == {"": 64, "loans": 16, "fraud-v2": 6}
    assert first_day(mine) == date(2026, 11, 2)


def test_a_stranger_sees_nothing():
    assert totals(STRANGER, DAYS) == Sums()
    assert first_day(STRANGER) is None
    for by in By:
        assert breakdown(STRANGER, DAYS, by=by) == []
    assert series(STRANGER, DAYS).rows == {}
    assert adopters(STRANGER, DAYS) == []


def test_an_empty_team_in_a_scope_is_no_key_to_what_is_nobodys():
    assert totals(CostScope(teams=frozenset({""})), DAYS) == Sums()


@pytest.mark.parametrize("scope", [EVERYTHING, LEAD, MEMBER, CostScope(person=BOB), STRANGER])
@pytest.mark.parametrize("by", By)
def test_every_way_of_telling_apart_adds_up_to_the_same(scope: CostScope, by: By):
    whole = totals(scope, DAYS)
    assert sum((line.sums for line in breakdown(scope, DAYS, by=by)), Sums()) == whole
    together = breakdowns(scope, DAYS, bys=[By.PROJECT, by, By.TEAM])
    assert together[by] == breakdown(scope, DAYS, by=by)
    rows = series(scope, DAYS, by=by, bucket="hour", most=1)
    assert sum((one for row in rows.rows.values() for one in row), Sums()) == whole


def test_small_tables_are_the_sums_of_keys():
    names = ", ".join(f"sum({name})" for name in MEASURES)
    keys = ask("SELECT day, {names} FROM costs_daytotal GROUP BY 1 ORDER BY 1", names=names)
    for table in WHOLES:
        assert ask("SELECT day, {names} FROM {table} GROUP BY 1 ORDER BY 1", names=names, table=table) == keys


def test_values_beyond_the_colours_are_gathered_and_named():
    found = series(EVERYTHING, DAYS, by=By.PERSON, most=1)
    assert {value: sum(one.cost for one in row) for value, row in found.rows.items()} == {BOB: 86, REST: 41}
    assert found.others == (CHARLIE, ALICE)


def test_hours_of_a_day_are_told():
    monday = CostFilters(Period(date(2026, 11, 2), date(2026, 11, 3)), teams=("fraud",))
    found = series(LEAD, monday, bucket="hour")
    assert len(found.starts) == 24
    assert [one.cost for one in found.rows[""]] == [0] * 9 + [3] + [0] * 14


def test_people_who_use_an_image_are_counted_by_team():
    found = adopters(EVERYTHING, replace(DAYS, images=("h/bob",)))
    assert [(one.team, one.people, one.sums.cost) for one in found] == [
        ("", 1, 64),
        ("credit", 1, 16),
        ("fraud", 1, 6),
    ]
    assert [one.team for one in adopters(replace(LEAD, person=""), replace(DAYS, images=("h/bob",)))] == [
        "fraud"
    ]


def test_a_version_is_told_with_its_image():
    found = breakdown(LEAD, replace(DAYS, teams=("fraud",)), by=By.VERSION)
    assert {line.value: line.image for line in found} == {
        "sha256:alice": "h/alice:1",
        "sha256:bob": "h/bob:1",
    }


def test_a_line_has_its_days_and_the_period_before():
    second = CostFilters(Period(date(2026, 11, 3), date(2026, 11, 4)), teams=("fraud",))
    (line,) = breakdown(LEAD, second, by=By.PROJECT)
    assert (line.sums.cost, line.before.cost, line.days, line.last_day) == (4, 3, (4,), date(2026, 11, 3))


def test_a_teams_page_asks_few_questions():
    with CaptureQueriesContext(connection) as asked:
        filters = replace(DAYS, teams=("fraud",))
        overview(LEAD, filters)
        breakdowns(LEAD, filters, bys=[By.PROJECT, By.PERSON, By.IMAGE, By.GPU_TYPE])
        series(LEAD, filters, by=By.GPU_TYPE)
        standing(LEAD, filters, NOW)
        choices(LEAD, filters)
    assert len(asked) <= 17


def test_an_unusual_day_is_told_to_its_team_and_names_to_leads():
    told = [
        {"by": "person", "value": ALICE, "amount": "90"},
        {"by": "project", "value": "fraud-v2", "amount": "80"},
    ]
    base = {"high": True, "amount": 100, "usual": 10, "score": 9, "found_at": NOW}
    mine = Anomaly.objects.create(day=date(2026, 11, 3), team="fraud", causes=told, **base)
    whole = Anomaly.objects.create(day=date(2026, 11, 3), team="", causes=told, **base)
    assert [one.pk for one in anomalies_in(LEAD, DAYS.period)] == [mine.pk]
    assert len(anomaly_of(LEAD, mine.pk).causes) == 2
    assert [one.value for one in anomaly_of(MEMBER, mine.pk).causes] == ["fraud-v2"]
    assert {one.pk for one in anomalies_in(EVERYTHING, DAYS.period)} == {mine.pk, whole.pk}
    with pytest.raises(CostNotFound):
        anomaly_of(LEAD, whole.pk)


def test_a_note_says_who_understood_a_day():
    row = Anomaly.objects.create(
        day=date(2026, 11, 3), team="fraud", high=True, amount=100, usual=10, score=9, found_at=NOW
    )
    note_anomaly(pk=row.pk, note=" A planned run ", by=ROOT, now=NOW)
    assert (anomaly_of(LEAD, row.pk).note, anomaly_of(LEAD, row.pk).noted_by) == ("A planned run", "Root")
    assert Event.objects.get(kind="audit.anomaly.noted").detail["note"] == "A planned run"
