"""GPU costs by the API: figures, budgets, prices, sources; who may, what is said, nothing half done."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from audit.costs.intake import take
from audit.costs.models import (
    Anomaly,
    Bill,
    Budget,
    GpuType,
    Load,
    Overhead,
    RateRevision,
    Reservation,
    Slice,
    Source,
    Usage,
)
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import BillRecord, Facts, Reading, UsageRecord
from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory.testing import make_person
from portal.api.tests.conftest import problem

pytestmark = pytest.mark.django_db
BY, DAY = operator("tests"), datetime(2026, 6, 2, tzinfo=UTC)
NOW = DAY + timedelta(days=10)
JUNE = {"from": "2026-06-01", "to": "2026-06-30"}
PRICE = {"gpu_type": "l40s", "from_day": "2026-01-01", "price": "2"}


@pytest.fixture
def used(scene):
    """Three hours of two L40S of the team `anti-fraud` by bob, and one hour of nobody, at 2.00."""
    GpuType.objects.create(key="l40s", label="L40S", colour=0)
    change = RateChange("l40s", date(2026, 1, 1), Decimal("2.00"))
    publish_rates(changes=[change], reason="First", expected_version=0, by=BY, now=NOW)
    source = Source.objects.create(key="files", kind="csv", name="Files")
    given = {"cluster": "gke-1", "gpu_type": "l40s"}
    own = {"purser.io/project": "anti-fraud-v2", "purser.io/person": "bob@example.com"}
    records = (
        UsageRecord(DAY, DAY + timedelta(hours=3), gpus=Decimal(2), labels=own, **given),
        UsageRecord(DAY, DAY + timedelta(hours=1), gpus=Decimal(1), **given),
    )
    reading = Reading(DAY, DAY + timedelta(days=1), frozenset({Facts.USAGE}), records)
    take(source=source, readings=[reading], file_name="use.csv", by=BY, now=NOW)
    return source


@pytest.fixture
def bea(scene, as_):
    return as_(make_person("bea", roles=["budget"]))


def test_totals_are_those_of_what_is_seen(used, bea, as_):
    whole = bea.get("costs/totals/", **JUNE).json()
    assert whole["period"] == {"first": "2026-06-01", "after": "2026-07-01"}
    assert (whole["currency"], whole["total"], whole["now"]["held_hours"]) == ("USD", "14.000000", "7.000000")
    assert whole["unattributed"]["cost"] == "2.000000"
    assert (whole["now"]["average_activity"], whole["now"]["cost_per_active_hour"]) == (None, None)
    assert as_("alice").get("costs/totals/", **JUNE).json()["total"] == "12.000000"
    assert as_("bob").get("costs/totals/", **JUNE).json()["total"] == "12.000000"
    assert as_("charlie").get("costs/totals/", **JUNE).json()["total"] == "0.000000"


def test_breakdown_and_series_take_the_filters_of_the_pages(used, bea):
    lines = bea.get("costs/breakdown/", by="team", **JUNE).json()["lines"]
    assert [(one["value"], one["now"]["cost"]) for one in lines] == [
        ("anti-fraud", "12.000000"),
        ("", "2.000000"),
    ]
    lines = bea.get("costs/breakdown/", by="project", team="~", **JUNE).json()["lines"]
    assert [(one["value"], one["now"]["cost"]) for one in lines] == [("", "2.000000")]
    series = bea.get("costs/series/", by="team", bucket="month", team=["anti-fraud", "credit"], **JUNE).json()
    assert (series["starts"], series["rows"][0]["value"]) == (["2026-06-01"], "anti-fraud")
    assert [one["cost"] for one in series["rows"][0]["sums"]] == ["12.000000"]
    hours = bea.get("costs/series/", bucket="hour", **{"from": "2026-06-02", "to": "2026-06-02"}).json()
    assert [one["cost"] for one in hours["rows"][0]["sums"]][:4] == [
        "6.000000",
        "4.000000",
        "4.000000",
        "0.000000",
    ]


def test_members_do_not_tell_others_apart(used, scene, as_):
    by_lead = as_("alice").get("costs/breakdown/", by="person", **JUNE).json()["lines"]
    assert [one["value"] for one in by_lead] == [scene.people.bob.label]
    own = as_("bob").get("costs/breakdown/", by="person", **JUNE).json()["lines"]
    assert [(one["value"], one["now"]["cost"]) for one in own] == [(scene.people.bob.label, "12.000000")]
    spied = as_("charlie").get("costs/totals/", person=scene.people.bob.label, **JUNE)
    assert spied.json()["total"] == "0.000000"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"by": "colour"}, ["by"]),
        ({"by": "team", "from": "soon", "cat": "1"}, ["cat", "from"]),
        ({"by": "team", "from": "2026-06-30", "to": "2026-06-01"}, ["to"]),
        ({"by": "team", "class": "free"}, ["class.0"]),
    ],
)
def test_every_fault_of_the_parameters_is_told(bea, query, fields):
    answer = bea.get("costs/breakdown/", **query)
    assert problem(answer) == (400, "bad_fields")
    assert sorted(one["field"] for one in answer.json()["errors"]) == fields


def test_hours_are_told_of_one_day_only(bea):
    answer = bea.get("costs/series/", bucket="hour", **JUNE)
    assert problem(answer) == (400, "bad_fields")
    assert answer.json()["errors"][0]["field"] == "bucket"


@pytest.mark.parametrize("path", ["capacity", "reconciliation", "sources", "loads", "violations", "invoice",
                                  "reservations", "overhead", "settings"])  # fmt: skip
def test_what_is_the_whole_organisations_is_for_those_who_see_it(bea, as_, path):
    assert bea.get(f"costs/{path}/").status_code == 200
    assert as_("ada").get(f"costs/{path}/").status_code == 200
    assert problem(as_("alice").get(f"costs/{path}/")) == (403, "not_a_budget_owner")


def test_reconciliation_and_standing(used, bea):
    found = bea.get("costs/reconciliation/", **JUNE).json()
    assert (found["direct"], found["unattributed"], found["difference"]) == (
        "12.000000",
        "2.000000",
        "0.000000",
    )
    standing = bea.get("costs/standing/", **JUNE).json()
    assert (standing["rate_version"], standing["currency"], standing["unpriced"]) == (1, "USD", [])
    assert [(one["key"], one["facts"]) for one in standing["sources"]] == [("files", ["usage"])]


def test_estimate_shows_each_part(used, as_):
    asked = {"people": 3, "hours_per_week": "10", "weeks": "4", "gpu": "l40s", "day": "2026-06-02"}
    found = as_("charlie").get("costs/estimate/", **asked).json()
    assert (found["hours"], found["rate"], found["amount"]) == ("120.0000", "2.000000", "240.000000")
    none = as_("charlie").get("costs/estimate/", **asked | {"gpu": "h100"}).json()
    assert (none["hours"], none["rate"], none["amount"]) == ("120.0000", None, None)


BUDGET = {
    "owner_kind": "team",
    "owner": "anti-fraud",
    "first_day": "2026-06-01",
    "last_day": "2026-06-30",
    "amount": "100.00",
}


def test_budgets_are_set_changed_read_and_removed(used, bea, as_):
    made = bea.post("costs/budgets/", BUDGET)
    assert (made.status_code, made.json()["thresholds"], made.json()["last_day"]) == (
        201,
        [80, 100],
        "2026-06-30",
    )
    path = f"costs/budgets/{made.json()['id']}/"
    assert bea.patch(path, {"amount": "24.00", "note": "Less"}).json()["amount"] == "24.00"
    one = as_("alice").get(path).json()
    assert (one["use"], one["left"], one["note"]) == ("0.500000", "12.000000", "Less")
    assert (one["spent_by_day"][:2], one["plan_index"]) == (["0.000000", "12.000000"], "7.500000")
    assert [row["id"] for row in as_("alice").get("costs/budgets/").json()["results"]] == [made.json()["id"]]
    assert bea.delete(path).status_code == 204
    assert Budget.objects.count() == 0


def test_who_may_change_budgets(used, bea, as_):
    for name in ("ada", "alice"):
        assert problem(as_(name).post("costs/budgets/", BUDGET)) == (403, "not_a_budget_owner")
    assert problem(as_("bob").get("costs/budgets/")) == (403, "not_a_lead")
    assert as_("root").post("costs/budgets/", BUDGET).status_code == 201
    assert problem(as_(make_person("rita", roles=["budget"]), "read").post("costs/budgets/", BUDGET)) == (
        403,
        "scope_too_small",
    )


def test_budgets_that_cannot_be_are_told_with_the_field(used, bea):
    bea.post("costs/budgets/", BUDGET)
    assert problem(bea.post("costs/budgets/", BUDGET)) == (409, "budget_overlaps")
    nobody = bea.post("costs/budgets/", BUDGET | {"owner": "nobody"})
    assert (problem(nobody), nobody.json()["errors"][0]["field"]) == ((400, "bad_fields"), "owner")
    late = bea.post("costs/budgets/", BUDGET | {"last_day": "2026-05-01"})
    assert late.json()["errors"][0]["field"] == "last_day"


def test_prices_are_previewed_published_and_restated(used, as_):
    root = as_("root")
    body = {"changes": [PRICE | {"from_day": "2026-06-01", "price": "2.5"}]}
    seen = root.post("costs/rates/preview/", body).json()
    assert (seen["expected_version"], seen["before"], seen["after"]) == (1, "14.000000", "17.500000")
    assert (seen["closed"], seen["closed_after"], seen["priced_hours"]) == (
        ["2026-06-02"],
        "17.500000",
        "0.000000",
    )
    assert RateRevision.objects.count() == 1
    stale = root.post("costs/rates/", body | {"reason": "Contract", "expected_version": 0})
    assert (problem(stale), stale.json()["context"]) == ((409, "stale_rates"), {"version": 1})
    made = root.post("costs/rates/", body | {"reason": "Contract", "expected_version": 1})
    assert (made.status_code, made.json()["number"], made.json()["by"]) == (201, 2, "Root")
    card = as_("bob").get("costs/rates/").json()
    assert [(one["from_day"], one["price"]) for one in card["prices"][0]["steps"]] == [
        ("2026-01-01", "2.000000"),
        ("2026-06-01", "2.500000"),
    ]
    assert [one["number"] for one in as_("bob").get("costs/rates/versions/").json()["results"]] == [2, 1]
    rows = as_("alice").get("costs/restatements/", since="2026-06-02", until="2026-06-02").json()["results"]
    assert [(one["team"], one["before_cost"], one["after_cost"], one["version"]) for one in rows] == [
        ("anti-fraud", "12.000000", "15.000000", 2)
    ]


def test_every_fault_of_prices_is_one_entry(used, as_):
    body = {"changes": [PRICE | {"gpu_type": "none"}, PRICE | {"from_day": "1900-01-01"}]}
    answer = as_("root").post("costs/rates/preview/", body)
    assert problem(answer) == (422, "bad_rates")
    assert [one["detail"].partition(":")[0] for one in answer.json()["errors"]] == ["Line 1", "Line 2"]
    assert problem(as_("ada").post("costs/rates/preview/", body)) == (403, "not_an_administrator")
    assert problem(as_("root", "write").post("costs/rates/preview/", body)) == (403, "not_an_administrator")


def test_reservations_overhead_and_settings_are_kept_by_administrators(used, bea, as_):
    root = as_("root")
    terms = {
        "name": "Pool", "team": "anti-fraud", "cluster": "gke-1", "gpu_type": "l40s", "gpus": 4,
        "first_day": "2026-06-01", "last_day": "2026-06-30",
    }  # fmt: skip
    put = {"content_type": "application/json"}
    assert problem(bea.client.put("/api/v1/costs/reservations/", terms, **put)) == (
        403,
        "not_an_administrator",
    )
    made = root.client.put("/api/v1/costs/reservations/", terms, **put).json()
    assert (made["last_day"], Reservation.objects.get().ends) == ("2026-06-30", date(2026, 7, 1))
    assert [one["name"] for one in bea.get("costs/reservations/").json()["results"]] == ["Pool"]
    assert root.delete(f"costs/reservations/{made['id']}/").status_code == 204
    cost = {"month": "2026-06-15", "name": "Network", "amount": "300.00"}
    made = root.client.put("/api/v1/costs/overhead/", cost, **put).json()
    assert (made["month"], Overhead.objects.get().amount) == ("2026-06-01", Decimal("300.00"))
    assert root.delete(f"costs/overhead/{made['id']}/").status_code == 204
    assert problem(bea.patch("costs/settings/", {"shared_method": "direct"})) == (403, "not_an_administrator")
    kept = root.patch("costs/settings/", {"shared_method": "direct"}).json()
    assert (kept["shared_method"], kept["currency"], kept["changed_by"]) == ("direct", "USD", "Root")


CSV = b"start,end,cluster,gpu_type,gpus\n2026-06-03T00:00:00Z,2026-06-03T02:00:00Z,gke-1,L40S,1\n"


def bring(caller, data, **query):
    address = "/api/v1/costs/loads/?" + "&".join(f"{name}={value}" for name, value in query.items())
    return caller.client.post(address, data, content_type="application/octet-stream")


def test_file_is_looked_at_then_stored(used, as_):
    root, rows = as_("root"), Usage.objects.count()
    looked = bring(root, CSV, source="files", dry_run="1", filename="june.csv").json()
    assert (looked["stored"], looked["load"], looked["faults"]) == (False, None, [])
    assert [(one["day"], one["after"]["held_hours"], one["after"]["cost"]) for one in looked["days"]] == [
        ("2026-06-03", "2.000000", "4.000000")
    ]
    assert Usage.objects.count() == rows
    stored = bring(root, CSV, source="files", filename="june.csv").json()
    assert (stored["stored"], stored["load"]["file_name"], stored["load"]["by"]) == (
        True,
        "june.csv",
        root_label(),
    )
    assert Usage.objects.count() == rows + 2
    listed = as_("ada").get("costs/loads/", source="files").json()["results"]
    assert [one["file_name"] for one in listed] == ["june.csv", "use.csv"]


def root_label():
    return Load.objects.order_by("-pk").values_list("by", flat=True)[0]


def test_faults_of_a_file_are_told_all_at_once_and_nothing_is_stored(used, as_):
    bad = (
        CSV
        + b"soon,2026-06-03T02:00:00Z,gke-1,L40S,1\n2026-06-03T00:00:00Z,2026-06-03T02:00:00Z,gke-1,,many\n"
    )
    looked = bring(as_("root"), bad, source="files", dry_run="1").json()
    refused = bring(as_("root"), bad, source="files")
    assert problem(refused) == (422, "bad_file")
    assert len(looked["faults"]) == len(refused.json()["errors"]) == 3
    assert Load.objects.count() == 1
    assert problem(bring(as_("root"), CSV, source="nothing")) == (404, "not_found")
    assert problem(bring(as_("bob"), CSV, source="files")) == (403, "not_an_administrator")


def test_source_of_files_is_not_asked(used, as_):
    assert problem(as_("root").post("costs/sources/files/read-now/", {})) == (422, "not_asked")
    (one,) = as_("ada").get("costs/sources/").json()["results"]
    assert (one["asked"], one["claims"]) == (False, [{"facts": "usage", "cluster": "gke-1"}])
    options = {"url": "http://prometheus.test"}
    Source.objects.create(key="prom", kind="prometheus", name="Prometheus", options=options)
    told = as_("root").post("costs/sources/prom/read-now/", {}).json()
    assert (told["asked"], told["next_attempt_at"] is not None) == (True, True)
    assert "options" not in told


def test_anomalies_are_read_and_noted_by_leads(used, bea, as_):
    row = Anomaly.objects.create(
        day=date(2026, 6, 2), team="anti-fraud", high=True, amount=Decimal(12), usual=Decimal(2),
        score=Decimal(9), causes=[{"by": "project", "value": "anti-fraud-v2", "amount": "10"}], found_at=NOW,
    )  # fmt: skip
    (one,) = as_("alice").get("costs/anomalies/", **JUNE).json()["results"]
    assert (one["excess"], one["causes"][0]["amount"]) == ("10.000000", "10.000000")
    assert (
        as_("alice").post(f"costs/anomalies/{row.pk}/note/", {"note": "Retraining"}).json()["noted_by"]
        == "Alice"
    )
    assert problem(as_("ada").post(f"costs/anomalies/{row.pk}/note/", {"note": "?"})) == (403, "not_a_lead")
    assert problem(as_("bob").get("costs/anomalies/")) == (403, "not_a_lead")
    assert bea.post(f"costs/anomalies/{row.pk}/note/", {"note": "Known"}).json()["note"] == "Known"
    assert Event.objects.filter(kind="audit.anomaly.noted").count() == 2


def test_invoice_is_net_of_credits_beside_the_rate_card(used, bea):
    lines = [
        BillRecord(
            DAY.date(), "gke-1", "l40s", "A1", "L40S on demand", Decimal(10), Decimal(30), Decimal(-6), "USD"
        ),
        BillRecord(DAY.date(), "gke-1", "l40s", "B2", "L40S Spot", Decimal(4), Decimal(4), Decimal(0), "USD"),
    ]
    reading = Reading(DAY, DAY + timedelta(days=1), frozenset({Facts.BILL}), tuple(lines), currency="USD")
    source = Source.objects.create(key="google", kind="google", name="Google")
    take(source=source, readings=[reading], file_name="bill.csv", by=BY, now=NOW)
    assert (Bill.objects.count(), Slice.objects.filter(facts="bill").count()) == (2, 1)
    found = bea.get("costs/invoice/", month="202606").json()
    told = [
        (one["sku"], one["pricing_class"], one["net"], one["price"], one["card"], one["difference"])
        for one in found["lines"]
    ]
    assert told == [
        ("A1", "on_demand", "24.000000", "2.400000", "20.000000", "-4.000000"),
        ("B2", "spot", "4.000000", "1.000000", "8.000000", "4.000000"),
    ]
    (place,) = found["places"]
    assert (place["billed"], place["recorded"], place["missing"]) == ("14.000000", "7.000000", "7.000000")
    assert (place["net"], place["amount"], place["held_only"]) == ("28.000000", "14.000000", True)
