"""The week that docs/costs/example.md does by hand: its records in, its tables out, number by number."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from audit.costs import figures, organisation, providers
from audit.costs.attribution import Book
from audit.costs.budgets import set_budget
from audit.costs.commitments import Planned, commit
from audit.costs.gpu_types import ensure_types
from audit.costs.intake import take
from audit.costs.models import Source
from audit.costs.overheads import set_overhead
from audit.costs.planning import BudgetTerms, Organisation
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import CapacityRecord, Facts, Measured, Reading, Record, UsageRecord
from audit.costs.reservations import ReservationTerms, set_reservation
from audit.costs.selectors import (
    breakdown,
    budget_view,
    capacity,
    estimate,
    overview,
    reconciliation,
    series,
    shared,
    shared_arithmetic,
    totals,
)
from audit.costs.settings import change_settings
from audit.costs.types import By, CostFilters, CostScope, Period, Sums
from audit.ledger.actors import Actor

pytestmark = pytest.mark.django_db
PAGE = Path(settings.BASE_DIR) / "docs" / "costs" / "example.md"
ROOT = Actor("person", "1", "Root")
START, END = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC)
NOW = END + timedelta(hours=3)
WEEK = CostFilters(Period(date(2026, 11, 2), date(2026, 11, 9)))
ALL = CostScope(everything=True, names=True)
TEAMS = {"credit": "credit", "fraud": "fraud", "unattributed": ""}
QUOTAS = {"credit": Decimal(6), "fraud": Decimal(2)}


def tables() -> dict[str, list[dict[str, str]]]:
    """The rows of each table of the page, by its first column's name."""
    found: dict[str, list[dict[str, str]]] = {}
    heading = ""
    for block in PAGE.read_text("utf-8").split("\n\n"):
        lines = block.strip().splitlines()
        heading = lines[0].lstrip("# ") if block.startswith("#") else heading
        if lines[0].startswith("|"):
            names, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
            found.setdefault(heading, []).extend(dict(zip(names, row, strict=True)) for row in rows)
    return found


TABLES = tables()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def same(said: str, known: Decimal | int | None) -> None:
    """The number of the page, with the places the page has."""
    assert known is not None
    places = len(said.partition(".")[2])
    assert Decimal(known).quantize(Decimal(1).scaleb(-places)) == Decimal(said)


def records() -> Iterator[Record]:
    for row in TABLES["Records"]:
        measured = (
            Measured(Decimal(row["Activity"]), Decimal(row["Active hours"]), "DCGM")
            if row["Activity"]
            else None
        )
        yield UsageRecord(
            moment(row["From"]), moment(row["Until"]), "c1", row["GPU type"], Decimal(row["GPUs"]), row["Class"],
            image=f"{row['Image']}:1", labels={"purser.io/project": row["Project"]} if row["Project"] else {},
            measured=measured,
        )  # fmt: skip
    for row in TABLES["Provisioned"]:
        yield CapacityRecord(START, END, "c1", row["GPU type"], Decimal(row["GPUs"]), row["Class"])


@pytest.fixture(autouse=True)
def week(db: None) -> Iterator[None]:
    """The week, brought in as a source would bring it."""
    books, asked = list(providers._books), list(organisation._ask)
    providers.use_book(lambda: Book(projects={"fraud-v2": "fraud", "loans": "credit"}))
    organisation.use_organisation(lambda: Organisation({"credit": "", "fraud": ""}, QUOTAS))
    ensure_types(["l40s", "h100"])
    prices = [
        RateChange(row["GPU type"], date.fromisoformat(row["From"]), Decimal(row["Price"]))
        for row in TABLES["Rates"]
    ]
    publish_rates(changes=prices, reason="example", expected_version=0, by=ROOT, now=START)
    terms = ReservationTerms("credit-h100", "credit", "c1", "h100", 2, date(2026, 1, 1))
    set_reservation(terms=terms, by=ROOT, now=START)
    source = Source.objects.create(key="example", kind="csv", name="Example")
    said = Reading(START, END, frozenset({Facts.USAGE, Facts.CAPACITY}), tuple(records()))
    take(source=source, readings=[said], file_name="example.csv", by=ROOT, now=NOW)
    set_overhead(month=date(2026, 11, 1), name="Control plane", amount=Decimal(300), by=ROOT)
    yield
    providers._books[:], organisation._ask[:] = books, asked


def filters(team: str) -> CostFilters:
    return CostFilters(WEEK.period, teams=(team,))


USE = {
    "F1 held hours": figures.held_hours,
    "F1m measured hours": figures.measured_hours,
    "not measured hours": figures.unmeasured_hours,
    "F2 active hours": figures.active_hours,
    "F3 idle hours": figures.idle_hours,
    "F3 idle cost": figures.idle_cost,
    "F3 idle share": figures.idle_share,
    "F4 average activity": figures.average_activity,
    "F7 direct cost": figures.direct_cost,
    "F11 cost per active hour": figures.cost_per_active_hour,
}


@pytest.mark.parametrize("name", USE)
def test_the_figures_of_use_are_those_of_the_page(name: str):
    row = next(one for one in TABLES["Figures of use"] if one["Figure"] == name)
    lines = {line.value: line.sums for line in breakdown(ALL, WEEK, by=By.TEAM)}
    for column, team in TEAMS.items():
        same(row[column], USE[name](totals(ALL, filters(team))))
        assert lines[team] == totals(ALL, filters(team))


def test_every_figure_of_use_is_asked():
    assert [row["Figure"] for row in TABLES["Figures of use"]] == list(USE)


def test_unattributed_use_is_told_with_its_share():
    view = overview(ALL, WEEK)
    assert (view.unattributed.cost, view.now.cost) == (24, 480)
    assert figures.unattributed_share(view.unattributed, view.now) == Decimal("0.05")


def test_images_and_types_are_those_of_the_page():
    by_image, by_type = TABLES["By image and type"][:3], TABLES["By image and type"][3:]
    found = {line.value: line.sums for line in breakdown(ALL, WEEK, by=By.IMAGE)}
    assert {row["Image"]: Decimal(row["F7 direct cost"]) for row in by_image} == {
        name: sums.cost for name, sums in found.items()
    }
    types = {line.value: line for line in breakdown(ALL, WEEK, by=By.GPU_TYPE)}
    for row in by_type:
        same(row["F1 held hours"], figures.held_hours(types[row["GPU type"]].sums))
        same(row["F7 direct cost"], types[row["GPU type"]].sums.cost)
    assert (types["h100"].rate, types["l40s"].rate) == (5, None)


def test_the_reservation_is_paid_by_its_owner():
    hours, cost = TABLES["Unused reservation"]
    lines = {line.value: line for line in breakdown(ALL, WEEK, by=By.TEAM)}
    for team in ("credit", "fraud"):
        same(hours[team], figures.hours(lines[team].unused_ms))
    reserved = 2 * 24 * WEEK.period.days * 3_600_000
    held = totals(ALL, CostFilters(WEEK.period, pricing_classes=("reserved",))).held_ms
    assert figures.unused_reservation(reserved_ms=reserved, held_ms=held) == lines["credit"].unused_ms
    for team in ("credit", "fraud"):
        same(cost[team], lines[team].unused_cost)
        assert overview(ALL, filters(team)).unused.cost == lines[team].unused_cost


def test_what_nobody_held_is_that_of_the_page():
    lines = {line.start: line for line in capacity(WEEK, bucket="day") if line.gpu_type == "l40s"}
    for row in TABLES["Unallocated"]:
        line = lines[date.fromisoformat(row["Day"])]
        same(row["F5 hours"], figures.hours(line.unallocated_ms))
        same(row["F5 cost"], line.unallocated_cost)
        held = line.active_ms + line.idle_ms + line.unmeasured_ms
        parts = {"provisioned_ms": line.provisioned_ms, "held_ms": held, "unused_ms": line.unused_ms}
        assert figures.unallocated(**parts) == line.unallocated_ms
    spare = [line.unallocated_ms for line in capacity(WEEK) if line.gpu_type == "h100"]
    assert spare == [0]


def test_shared_cost_is_shared_day_by_day():
    change_settings(by=ROOT, shared_method="direct")
    for team in ("credit", "fraud"):
        days = {one.day: one for one in shared_arithmetic(team, WEEK.period).days}
        for row in TABLES["Shared cost by direct cost"]:
            day = days[date.fromisoformat(row["Day"])]
            same(row[team], day.amount)
            same(row["Pool"], day.pool)
        assert shared(WEEK)[team].amount == sum(one.amount for one in days.values())


@pytest.mark.parametrize("row", TABLES["Totals by method"], ids=lambda row: row["Method"])
def test_totals_are_those_of_the_page(row: dict[str, str]):
    change_settings(by=ROOT, shared_method=row["Method"])
    for team in ("credit", "fraud"):
        view = overview(ALL, filters(team))
        same(row[f"F8 {team}"], view.shared)
        same(row[f"F9 {team}"], view.total)
        assert shared_arithmetic(team, WEEK.period).amount == view.shared
    checked = reconciliation(WEEK)
    same(row["Undistributed"], checked.undistributed)
    assert checked.difference == 0


def test_the_parts_add_up_to_what_was_provisioned():
    checked = reconciliation(WEEK)
    assert checked.known
    for row in TABLES["Reconciliation"]:
        same(row["Amount"], getattr(checked, row["Part"]))


def test_the_budget_stands_as_on_the_page():
    change_settings(by=ROOT, shared_method="direct")
    terms = BudgetTerms("team", "fraud", Period(date(2026, 11, 1), date(2026, 12, 1)), Decimal(1500))
    commit(Planned("request:1", "fraud", "fraud-v2", "l40s", Decimal(100), Decimal(300), date(2026, 11, 16),
                   date(2026, 11, 30)))  # fmt: skip
    view = budget_view(set_budget(terms=terms, by=ROOT, now=NOW), now=NOW)
    known = {
        "F12 spend to date": view.forecast.spent,
        "F13 budget use": view.use,
        "F13 plan index": view.plan_index,
        "F14 forecast": view.forecast.amount,
        "F16 with approved requests": view.forecast.with_commitments,
    }
    *numbers, ends = TABLES["A budget"]
    assert [row["Figure"] for row in numbers] == list(known)
    for row in numbers:
        same(row["fraud"], known[row["Figure"]])
    assert view.forecast.ends_on == date.fromisoformat(ends["fraud"])
    assert view.elapsed_days == len(view.spent_by_day) == 8


def test_an_estimate_is_that_of_the_page():
    (row,) = TABLES["An estimate"]
    found = estimate(
        people=int(row["People"]), hours_per_week=Decimal(row["Hours a week"]), weeks=Decimal(row["Weeks"]),
        gpu_type=row["GPU type"], day=date(2026, 11, 9),
    )  # fmt: skip
    same(row["Hours"], found.hours)
    same(row["F20 amount"], found.amount)


def test_series_add_up_to_the_totals():
    whole = totals(ALL, WEEK)
    for by in By:
        for bucket in ("hour", "day", "week", "month"):
            rows: Sequence[tuple[Sums, ...]] = list(series(ALL, WEEK, by=by, bucket=bucket).rows.values())
            assert sum((one for row in rows for one in row), Sums()) == whole
