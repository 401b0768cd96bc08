"""Budgets, what is promised from them, what is told of them, and unusual days: from rows to what pages get."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from audit.costs import organisation, providers
from audit.costs.attribution import Book
from audit.costs.budgets import budget_view, budgets_of, remove_budget, set_budget
from audit.costs.commitments import Planned, commit, committed_of, release
from audit.costs.errors import CostConflict, CostError, CostNotFound
from audit.costs.finding import find_anomalies
from audit.costs.models import (
    Anomaly,
    Budget,
    BudgetNotice,
    ClusterClaim,
    Outlook,
    Source,
    UsageKey,
)
from audit.costs.narrowing import ask
from audit.costs.outlooks import refresh_outlooks
from audit.costs.overheads import set_overhead
from audit.costs.partitions import ensure_months
from audit.costs.planning import BudgetTerms, Organisation
from audit.costs.records import CapacityRecord, Facts, Reading, UsageRecord
from audit.costs.reservations import ReservationTerms, set_reservation
from audit.costs.selectors import accuracy, org_lines, reconciliation, shared
from audit.costs.settings import change_settings
from audit.costs.signals import anomaly_found, budget_reached
from audit.costs.tests.store.building import ADA, bring, forgotten, publish
from audit.costs.types import CostFilters, CostScope, Period
from audit.costs.unusual import note_anomaly
from audit.costs.wholes import rebuild_whole_days
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
TODAY = date(2026, 11, 11)
NOW = datetime(2026, 11, 11, 6, tzinfo=UTC)
ALL = CostScope(everything=True, names=True)


def terms(**more: Any) -> BudgetTerms:
    return BudgetTerms(
        **{"owner_kind": "team", "owner": "fraud", "period": NOVEMBER, "amount": Decimal(1000), **more}
    )


def spend(team: str, costs: dict[date, int], project: str = "p") -> None:
    """Sums as a load leaves them: one key, so much a day."""
    ensure_months(min(costs), max(costs))
    key, _ = UsageKey.objects.get_or_create(
        hash=f"{team}/{project}",
        defaults={"team": team, "project": project, "gpu_type": "l40s", "cluster": "c1", "pricing_class": "on_demand",
                  "matched_by": "label", "request": "request:1", "grant": "grant:1"},
    )  # fmt: skip
    for day, cost in costs.items():
        ask("INSERT INTO costs_daytotal (day, key_id, team, held_ms, cost) VALUES (%s, %s, %s, %s, %s) RETURNING day",
            [day, key.pk, team, 3_600_000 * cost, cost])  # fmt: skip
    rebuild_whole_days(list(costs))


def every_day(cost: int, *, since: date, until: date = TODAY) -> dict[date, int]:
    return {since + timedelta(days=n): cost for n in range((until - since).days)}


@pytest.fixture(autouse=True)
def source(db: None) -> Iterator[Source]:
    """A source of usage that is whole up to today."""
    row = Source.objects.create(
        key="s", kind="csv", name="S", complete_through=datetime(2026, 11, 11, tzinfo=UTC)
    )
    ClusterClaim.objects.create(cluster="c1", facts="usage", source=row)
    asked, books = list(organisation._ask), list(providers._books)
    quotas = {"fraud": Decimal(2), "credit": Decimal(5)}
    organisation.use_organisation(lambda: Organisation({"fraud": "banking", "credit": "banking"}, quotas))
    providers.use_book(lambda: Book(projects={"fraud-v2": "fraud", "loans": "credit"}))
    yield row
    organisation._ask[:], providers._books[:] = asked, books


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What `budget_reached` says."""
    said: list[str] = []

    def hear(what: str, **more: object) -> None:
        said.append(what)

    budget_reached.connect(hear)
    yield said
    budget_reached.disconnect(hear)


def test_a_budget_is_set_changed_and_removed_with_events():
    row = set_budget(terms=terms(), by=ADA, now=NOW)
    set_budget(terms=terms(amount=Decimal(1200), thresholds=(50,)), budget=row, by=ADA, now=NOW)
    assert [(one.amount, one.thresholds) for one in budgets_of([("team", "fraud")], TODAY)] == [(1200, [50])]
    assert list(budgets_of([("team", "fraud")], date(2026, 12, 1))) == []
    remove_budget(budget=row, by=ADA, now=NOW)
    kinds = Event.objects.order_by("sequence").values_list("kind", "team")
    assert list(kinds) == [("audit.budget.set", "fraud")] * 2 + [("audit.budget.removed", "fraud")]
    assert not Budget.objects.exists()


def test_budgets_of_one_owner_do_not_overlap():
    set_budget(terms=terms(), by=ADA, now=NOW)
    with pytest.raises(CostConflict) as refused:
        set_budget(terms=terms(period=Period(date(2026, 11, 30), date(2027, 1, 1))), by=ADA, now=NOW)
    assert (refused.value.code, Budget.objects.count()) == ("budget_overlaps", 1)
    set_budget(terms=terms(period=Period(date(2026, 12, 1), date(2027, 1, 1))), by=ADA, now=NOW)
    set_budget(terms=terms(owner="credit"), by=ADA, now=NOW)
    set_budget(terms=terms(owner_kind="cost_centre"), by=ADA, now=NOW)


def test_a_bad_budget_names_all_faults():
    bad = terms(owner="", amount=Decimal(0), period=Period(TODAY, TODAY), thresholds=(0,))
    with pytest.raises(CostError) as refused:
        set_budget(terms=bad, by=ADA, now=NOW)
    faults = [one["field"] for one in refused.value.detail["faults"]]
    assert (refused.value.code, faults) == ("bad_budget", ["owner", "period", "amount", "thresholds"])


def test_a_cost_centre_spends_what_its_teams_do():
    spend("fraud", every_day(10, since=date(2026, 9, 1)))
    spend("credit", every_day(5, since=date(2026, 9, 1)))
    spend("other", every_day(7, since=date(2026, 9, 1)))
    row = set_budget(terms=terms(owner_kind="cost_centre", owner="banking"), by=ADA, now=NOW)
    view = budget_view(row, now=NOW)
    assert (view.forecast.spent, view.forecast.amount, view.elapsed_days) == (150, 450, 10)
    assert view.spent_by_day == (15,) * 10
    assert (view.use, view.left, view.plan_index) == (Decimal("0.15"), 850, Decimal("0.45"))


def test_a_team_that_never_spent_is_too_early_to_tell():
    view = budget_view(set_budget(terms=terms(), by=ADA, now=NOW), now=NOW)
    assert (view.forecast.spent, view.forecast.amount, view.forecast.ends_on) == (0, None, None)


def test_planned_use_counts_until_it_starts_or_is_over():
    planned = Planned(
        "request:7", "fraud", "p", "l40s", Decimal(100), Decimal(300), TODAY, date(2026, 12, 11), "grant:7"
    )
    commit(planned)
    ahead = Period(TODAY, NOVEMBER.after)
    assert committed_of(["fraud"], ahead) == 200
    assert committed_of(["credit"], ahead) == 0
    assert release(grants=["grant:7"]) == 1
    assert committed_of(["fraud"], ahead) == 0
    commit(planned)
    spend("fraud", {date(2026, 11, 10): 10})
    assert committed_of(["fraud"], ahead) == 200
    commit(Planned("request:1", "fraud", "p", "l40s", Decimal(100), Decimal(300), TODAY, date(2026, 12, 11)))
    assert committed_of(["fraud"], ahead) == 200


def test_estimates_are_compared_with_what_was_used():
    spend("fraud", every_day(10, since=date(2026, 11, 1)))
    commit(
        Planned("request:1", "fraud", "p", "l40s", Decimal(50), Decimal(80), NOVEMBER.first, TODAY, "grant:1")
    )
    assert accuracy("fraud").median is None
    release(origins=["request:1"])
    found = accuracy("fraud")
    assert (found.median, found.outcomes[0].actual.cost) == (Decimal("1.25"), 100)


def test_outlooks_are_kept_and_thresholds_told_once(told: list[str], django_capture_on_commit_callbacks: Any):
    spend("fraud", every_day(85, since=date(2026, 9, 1)))
    row = set_budget(terms=terms(), by=ADA, now=NOW)
    for now in (NOW, NOW + timedelta(minutes=1), NOW + timedelta(hours=2)):
        with django_capture_on_commit_callbacks(execute=True):
            refresh_outlooks(now=now)
    assert (told, BudgetNotice.objects.count()) == (["80", "forecast"], 2)
    kept = Outlook.objects.get()
    assert (kept.spent, kept.forecast, kept.at) == (850, 2550, NOW + timedelta(hours=2))
    set_budget(terms=terms(amount=Decimal(900)), budget=row, by=ADA, now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        refresh_outlooks(now=NOW + timedelta(hours=4))
    assert told == ["80", "forecast", "80", "forecast"]


def test_nothing_is_computed_again_while_nothing_changes():
    set_budget(terms=terms(), by=ADA, now=NOW)
    assert refresh_outlooks(now=NOW) == 1
    assert refresh_outlooks(now=NOW + timedelta(minutes=5)) == 0


def test_the_organisation_reads_kept_outlooks():
    spend("fraud", every_day(10, since=date(2026, 9, 1)))
    spend("", every_day(3, since=date(2026, 11, 1)), project="")
    spend("fraud", every_day(2, since=date(2026, 11, 1)), project="")
    set_budget(terms=terms(), by=ADA, now=NOW)
    refresh_outlooks(now=NOW)
    lines = {line.team: line for line in org_lines(ALL, CostFilters(NOVEMBER), now=NOW)}
    assert (lines["fraud"].total, lines["fraud"].without_project, lines["fraud"].spent) == (120, 20, 120)
    assert (lines["fraud"].budget, lines["fraud"].plan_index) == (1000, Decimal("0.36"))
    assert (lines[""].total, lines[""].budget) == (30, None)


def test_unusual_days_are_found_once_with_their_causes(django_capture_on_commit_callbacks: Any):
    heard: list[tuple[str, date]] = []

    def hear(team: str, day: date, **more: object) -> None:
        heard.append((team, day))

    anomaly_found.connect(hear)
    spend("fraud", every_day(10, since=date(2026, 9, 1)))
    spend("fraud", {date(2026, 11, 9): 500}, project="runaway")
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            find_anomalies(now=NOW)
    anomaly_found.disconnect(hear)
    assert heard == [("", date(2026, 11, 9)), ("fraud", date(2026, 11, 9))]
    found = Anomaly.objects.get(team="fraud")
    assert (found.high, found.amount, found.usual) == (True, 510, 10)
    assert {"by": "project", "value": "runaway", "amount": "500.000000"} in found.causes


def test_a_day_that_late_data_make_ordinary_is_forgotten_unless_noted():
    spend("fraud", every_day(100, since=date(2026, 9, 1)))
    ask("DELETE FROM costs_daytotal WHERE day IN ('2026-11-08', '2026-11-09') RETURNING day")
    rebuild_whole_days([date(2026, 11, 8), date(2026, 11, 9)])
    assert find_anomalies(now=NOW) == 4
    noted = Anomaly.objects.get(team="fraud", day=date(2026, 11, 8))
    note_anomaly(pk=noted.pk, note="The source was down", by=ADA, now=NOW)
    spend("fraud", every_day(100, since=date(2026, 11, 8), until=date(2026, 11, 10)))
    find_anomalies(now=NOW)
    assert list(Anomaly.objects.values_list("team", "day")) == [("fraud", date(2026, 11, 8))]


def test_a_note_of_nothing_is_refused():
    with pytest.raises(CostNotFound):
        note_anomaly(pk=1, note="x", by=ADA, now=NOW)
    with pytest.raises(CostError):
        note_anomaly(pk=1, note="  ", by=ADA, now=NOW)


hours = st.integers(0, 47)
runs = st.lists(
    st.tuples(
        hours, st.integers(1, 30), st.sampled_from(["0.25", "0.5", "1", "3"]),
        st.sampled_from(["fraud-v2", "loans", ""]), st.sampled_from(["on_demand", "reserved"]),
    ),
    max_size=8,
)  # fmt: skip


@tries(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(runs, st.one_of(st.none(), st.integers(1, 6)), st.sampled_from(["none", "direct", "quota", "equal"]))
def test_the_reconciliation_line_is_always_zero(used: list[Any], provisioned: int | None, method: str):
    with forgotten():
        line = _reconciled(used, provisioned, method)
    assert line.difference == 0
    parts = (
        line.direct,
        line.unattributed,
        line.unused,
        line.unallocated,
        line.shared,
        line.undistributed,
        line.over,
    )
    assert min(parts) >= 0
    assert line.shared + line.undistributed == line.unallocated + line.overhead
    assert line.known == (provisioned is not None)


def _reconciled(used: list[Any], provisioned: int | None, method: str) -> Any:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    publish("2.123457", now=NOW)
    change_settings(by=ADA, shared_method=method)
    set_overhead(month=date(2026, 11, 1), name="o", amount=Decimal("100.01"), by=ADA)
    set_reservation(terms=ReservationTerms("r", "fraud", "c1", "l40s", 1, date(2026, 11, 3)), by=ADA, now=NOW)
    records: list[Any] = [_run(f"w{n}", start, *one) for n, one in enumerate(used)]
    end, facts = start + timedelta(days=3), {Facts.USAGE}
    for bought in ("on_demand", "reserved") if provisioned else ():
        facts.add(Facts.CAPACITY)
        records.append(CapacityRecord(start, end, "c1", "l40s", Decimal(provisioned or 0), bought))
    bring(Source.objects.get(key="s"), Reading(start, end, frozenset(facts), tuple(records)), now=NOW)
    filters = CostFilters(NOVEMBER)
    found = reconciliation(filters)
    assert sum((one.amount for one in shared(filters).values()), Decimal(0)) == found.shared
    return found


def _run(
    name: str, start: datetime, hour: int, length: int, gpus: str, project: str, bought: str
) -> UsageRecord:
    begins = start + timedelta(hours=hour)
    labels = {"purser.io/project": project} if project else {}
    ends = begins + timedelta(minutes=20 * length)
    return UsageRecord(begins, ends, "c1", "l40s", Decimal(gpus), bought, workload=name, labels=labels)
