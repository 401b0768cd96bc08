"""What is printed with every figure: how far data go, who is late, what is missing, unpriced or restated."""

from datetime import UTC, date, datetime, timedelta

import pytest

from audit.costs.models import ClusterClaim, Restatement, Source
from audit.costs.selectors import complete_day, complete_through, standing
from audit.costs.tests.store.building import START, bring, measured, publish, reading, use
from audit.costs.types import CostFilters, CostScope, Period

pytestmark = pytest.mark.django_db
ALL = CostScope(everything=True)
NOVEMBER = CostFilters(Period(date(2026, 11, 1), date(2026, 12, 1)))
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def source(key: str, facts: str, through: datetime | None, **more: object) -> Source:
    row = Source.objects.create(key=key, kind="csv", name=key, complete_through=through, **more)
    ClusterClaim.objects.create(cluster=key, facts=facts, source=row)
    return row


def test_nothing_set_up_is_said_as_missing():
    found = standing(ALL, NOVEMBER, NOW)
    assert (found.complete_through, found.rate_version, found.sources) == (None, 0, ())
    assert found.missing == ("usage", "activity", "capacity")
    assert complete_day() is None


def test_data_are_complete_through_the_source_that_is_furthest_behind():
    source("a", "usage", NOW - timedelta(hours=1))
    source("b", "usage", NOW - timedelta(days=2))
    source("c", "capacity", NOW - timedelta(days=9))
    source("off", "usage", NOW - timedelta(days=30), enabled=False)
    found = standing(ALL, NOVEMBER, NOW)
    assert found.complete_through == complete_through() == NOW - timedelta(days=2)
    assert complete_day() == date(2026, 11, 18)
    assert [(one.key, one.facts) for one in found.sources] == [
        ("a", ("usage",)),
        ("b", ("usage",)),
        ("c", ("capacity",)),
    ]
    assert found.missing == ("activity",)


@pytest.mark.parametrize(("hours", "late"), [(3, False), (4, True)])
def test_a_source_that_is_asked_is_late_after_three_hours(hours: int, late: bool):
    source("a", "usage", NOW - timedelta(hours=hours), next_attempt_at=NOW, every_seconds=600)
    assert [one.late for one in standing(ALL, NOVEMBER, NOW).sources] == [late]


def test_a_place_for_files_is_never_late():
    source("a", "usage", NOW - timedelta(days=90))
    assert [one.late for one in standing(ALL, NOVEMBER, NOW).sources] == [False]


@pytest.mark.parametrize("scope", [ALL, CostScope(teams=frozenset({"", "fraud"}), person="person:1")])
def test_hours_without_a_price_and_how_activity_was_measured_are_said(scope: CostScope):
    row = Source.objects.create(key="files", kind="csv", name="Files")
    bring(row, reading(use(labels={"purser.io/person": "x"}, measured=measured("0.5", "1"), hours=2)))
    if not scope.everything:
        assert standing(scope, NOVEMBER, NOW).unpriced == ()
        return
    found = standing(scope, NOVEMBER, NOW)
    assert [(one.gpu_type, one.held_ms, one.first_day) for one in found.unpriced] == [
        ("l40s", 7_200_000, START.date())
    ]
    assert found.metrics == ("DCGM_FI_PROF_GR_ENGINE_ACTIVE",)
    publish("2")
    assert standing(scope, NOVEMBER, NOW).unpriced == ()
    assert standing(scope, NOVEMBER, NOW).rate_version == 1


def test_restated_days_are_those_of_the_teams_seen():
    for team in ("fraud", "credit"):
        for day in (3, 4):
            Restatement.objects.create(
                day=date(2026, 11, day), at=NOW, cause="late", team=team, before_ms=0, after_ms=1, before_cost=0,
                after_cost=1,
            )  # fmt: skip
    found = standing(CostScope(teams=frozenset({"fraud"})), NOVEMBER, NOW)
    assert (found.restated_days, found.restated_at) == (2, NOW)
    assert standing(CostScope(teams=frozenset({"other"})), NOVEMBER, NOW).restated_days == 0
