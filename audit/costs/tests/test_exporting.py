"""Downloads hold exactly the rows of the page, in columns that scripts and FOCUS readers expect."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from audit.costs.exporting import FOCUS, MANDATORY, SHOWBACK, Names, export_costs
from audit.costs.models import DayTotal, ReservationDay, Restatement, UsageKey
from audit.costs.types import CostFilters, CostScope, Period, Standing
from audit.ledger.actors import Actor
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db(transaction=True)
ADA = Actor("person", "6", "Ada")
DAY = date(2026, 11, 3)
EVERYTHING = CostScope(everything=True, names=True)
NOVEMBER = CostFilters(Period(date(2026, 11, 1), date(2026, 12, 1)))
NAMES = Names({"fraud": "Anti-fraud"}, {"v2": "Model v2"}, {"person:7": "李娜"}, "Purser of Example")
STANDING = Standing(
    currency="USD", rate_version=3, shared_method="none", threshold=Decimal("0.05"),
    metrics=("DCGM_FI_PROF_GR_ENGINE_ACTIVE",), complete_through=datetime(2026, 11, 18, 6, tzinfo=UTC),
)  # fmt: skip
UNITS = {"BilledCost", "EffectiveCost", "ContractedCost", "ListCost"}


@pytest.fixture(autouse=True)
def usage(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT costs_ensure_months(%s, %s)", [DAY, DAY])
    key = UsageKey.objects.create(
        hash="a", team="fraud", project="v2", person="person:7", image="=cmd:1", repository="=cmd",
        digest="sha256:abc", gpu_type="l40s", cluster="main", pricing_class="reserved", reservation="our H100",
        request="request:42", grant="grant:9", metric="DCGM_FI_PROF_GR_ENGINE_ACTIVE", matched_by="label",
    )  # fmt: skip
    stray = UsageKey.objects.create(
        hash="b", gpu_type="l40s", cluster="main", pricing_class="spot", matched_by="none"
    )
    DayTotal.objects.create(
        day=DAY, key=key, team="fraud", held_ms=9_000_000, measured_ms=7_200_000, active_ms=3_600_000,
        cost=Decimal("3.85"), idle_cost=Decimal("1.54"), measured_cost=Decimal("3.08"),
    )  # fmt: skip
    DayTotal.objects.create(
        day=DAY + timedelta(days=1), key=stray, team="", held_ms=3_600_000, unpriced_ms=3_600_000
    )
    ReservationDay.objects.create(
        day=DAY, reservation="our H100", team="fraud", cluster="main", gpu_type="l40s", reserved_ms=10, held_ms=4,
        unused_ms=1_800_000, unused_cost=Decimal("0.77"),
    )  # fmt: skip
    Restatement.objects.create(
        day=DAY, at=datetime(2026, 11, 9, tzinfo=UTC), cause="late", before_ms=0, after_ms=1,
        before_cost=0, after_cost=1,
    )  # fmt: skip


def exported(form, scope=EVERYTHING, filters=NOVEMBER):
    blocks = export_costs(form=form, scope=scope, filters=filters, standing=STANDING, names=NAMES, by=ADA)
    data = b"".join(blocks)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_showback_has_a_row_for_use_and_one_for_what_a_reservation_left_unused():
    used, unused, stray = exported("showback")
    assert list(used) == list(SHOWBACK)
    assert used == {
        "day": "2026-11-03", "kind": "usage", "team": "fraud", "team_name": "Anti-fraud", "project": "v2",
        "project_name": "Model v2", "person": "person:7", "person_name": "李娜", "image": "'=cmd:1",
        "digest": "sha256:abc", "gpu_type": "l40s", "pricing_class": "reserved", "cluster": "main",
        "request": "request:42", "grant": "grant:9", "held_gpu_hours": "2.500000", "measured_gpu_hours": "2.000000",
        "active_gpu_hours": "1.000000", "unpriced_gpu_hours": "0.000000", "cost": "3.850000", "idle_cost": "1.540000",
        "currency": "USD", "activity_metric": "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "matched_by": "label",
        "rate_card_version": "3", "complete_through": "2026-11-18T06:00:00Z", "restated": "true",
    }  # fmt: skip
    assert (unused["kind"], unused["team"], unused["cost"]) == ("unused_reservation", "fraud", "0.770000")
    assert (stray["team"], stray["cost"], stray["unpriced_gpu_hours"]) == ("", "0.000000", "1.000000")


def test_focus_has_every_mandatory_column_with_a_value_except_the_class_of_a_correction():
    rows = exported("focus")
    assert list(rows[0]) == list(FOCUS)
    assert len(MANDATORY) == 21
    for row in rows:
        assert [name for name in MANDATORY if row[name] == ""] == ["ChargeClass"]
        assert all(Decimal(row[name]) >= 0 for name in UNITS)
        assert json.loads(row["Tags"]).keys() <= {"project", "request", "image"}
    used, unused, stray = rows
    assert (used["ChargePeriodStart"], used["ChargePeriodEnd"]) == (
        "2026-11-03T00:00:00Z",
        "2026-11-04T00:00:00Z",
    )
    assert (used["BillingPeriodStart"], used["BillingPeriodEnd"]) == (
        "2026-11-01T00:00:00Z",
        "2026-12-01T00:00:00Z",
    )
    assert (used["CapacityReservationId"], used["CapacityReservationStatus"]) == ("our H100", "Used")
    assert (unused["CapacityReservationStatus"], unused["ConsumedQuantity"], unused["ConsumedUnit"]) == (
        "Unused",
        "",
        "",
    )
    assert (unused["PricingQuantity"], unused["PricingUnit"]) == ("0.500000", "GPU-Hours")
    assert (stray["SubAccountId"], stray["SubAccountName"], stray["CapacityReservationId"]) == ("", "", "")
    assert json.loads(used["Tags"]) == {"project": "v2", "request": "request:42", "image": "=cmd:1"}


def test_days_of_focus_begin_at_midnight_of_the_reporting_zone(settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    assert exported("focus")[0]["ChargePeriodStart"] == "2026-11-02T18:30:00Z"


def test_a_download_holds_what_its_scope_and_filters_hold():
    lead = CostScope(teams=frozenset({"vision"}), names=True)
    assert exported("showback", scope=lead) == []
    assert [
        row["kind"] for row in exported("showback", filters=CostFilters(NOVEMBER.period, projects=("v2",)))
    ] == ["usage"]
    spot = CostFilters(NOVEMBER.period, pricing_classes=("spot",))
    assert [row["pricing_class"] for row in exported("showback", filters=spot)] == ["spot"]


def test_a_member_without_names_gets_no_names():
    member = CostScope(teams=frozenset({"fraud"}), person="person:8")
    used = exported("showback", scope=member)[0]
    assert "person:7" not in used.values()
    assert "李娜" not in used.values()


def test_each_download_is_on_record():
    exported("focus")
    event = Event.objects.get(kind="audit.cost-export.made")
    assert (event.actor, event.detail) == (
        "person:6", {"form": "focus", "from": "2026-11-01", "until": "2026-12-01"}
    )  # fmt: skip
