"""Sources: how each does, files looked at before they are stored, broken rules, invoices."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from audit.costs.intake import take
from audit.costs.models import HeldFile, Load, Source, Usage, Violation
from audit.costs.records import BillRecord, Facts, Reading
from portal.pages.costs_admin.source_rows import state_of
from portal.pages.costs_admin.tests.conftest import BY, NOW, publish, use
from portal.pages.testing import assert_constant

pytestmark = pytest.mark.django_db
HEADER = b"start,end,cluster,gpu_type,gpus,project\n"
CSV = HEADER + b"2026-11-03T00:00:00Z,2026-11-03T02:00:00Z,gke-1,NVIDIA-L40S,2,anti-fraud-v2\n"
FILE = "/costs/sources/files/file/"


@pytest.fixture
def files(l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    return Source.objects.create(key="files", kind="csv", name="Files")


def prometheus(**fields):
    given = {"key": "prom", "kind": "prometheus", "name": "DCGM", "options": {"url": "http://prom.test"}}
    return Source.objects.create(**given | fields)


def upload(client, data=CSV, **more):
    return client.post(FILE, {"file": SimpleUploadedFile("nov.csv", data), "format": "auto", **more})


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"enabled": False}, "off"),
        ({"kind": "csv", "options": {}}, "files"),
        ({"error": "refused"}, "failing"),
        ({}, "new"),
        ({"complete_through": NOW - timedelta(hours=3)}, "working"),
        ({"complete_through": NOW - timedelta(hours=4)}, "late"),
        ({"complete_through": NOW - timedelta(hours=5), "every_seconds": 6000}, "working"),
    ],
)
def test_state_of_a_source(fields, state):
    assert state_of(prometheus(**fields), NOW) == state


def test_list_tells_what_each_brings_and_its_failure_in_words(client_of, files):
    prometheus(error="The address refuses the token.", failed_at=NOW, notes=["dcgm_util"])
    use("2026-11-02", source=files)
    page = client_of("ada").get("/costs/sources/")
    assert [
        (row.source.key, row.word.code, [one[1] for one in row.facts]) for row in page.context["rows"]
    ] == [
        ("prom", "failing", []),
        ("files", "files", ["gke-1"]),
    ]
    assert "The address refuses the token." in page.content.decode()
    one = client_of("ada").get("/costs/sources/prom/").content.decode()
    assert "it says that anything ran, not how much" in one
    assert client_of("ada").get("/costs/sources/nothing/").status_code == 404


def test_reading_now_is_for_administrators_and_sources_that_are_asked(client_of, files):
    later = timezone.now() + timedelta(hours=5)
    source = prometheus(next_attempt_at=later)
    assert client_of("bea").post("/costs/sources/prom/read/").status_code == 403
    assert client_of("root").post("/costs/sources/prom/read/").status_code == 302
    source.refresh_from_db()
    assert source.next_attempt_at < later
    assert client_of("root").post("/costs/sources/files/read/").status_code == 422


def test_file_is_shown_first_and_stored_when_confirmed(client_of, people, files):
    root = client_of("root")
    page = upload(root)
    (day,) = page.context["days"]
    assert (day["day"], day["before"].rows, day["after"].rows) == (date(2026, 11, 3), 0, 2)
    assert (day["hours_after"], day["after"].cost) == ("4.0", Decimal("8.00"))
    assert [(one.records, one.start) for one in page.context["facts"]] == [
        (1, datetime(2026, 11, 3, tzinfo=UTC))
    ]
    assert (Usage.objects.count(), Load.objects.count(), HeldFile.objects.count()) == (0, 0, 1)
    stored = root.post(FILE, {"take": page.context["kept"].key})
    assert stored.headers["Location"] == "/costs/sources/files/"
    assert (Usage.objects.count(), HeldFile.objects.count()) == (2, 0)
    load = Load.objects.get()
    assert (load.file_name, load.by_name, load.digest) == ("nov.csv", "Root", page.context["kept"].digest)
    (row,) = client_of("bea").get("/costs/loads/").context["page"].rows
    assert row.file_name == "nov.csv"


def test_file_that_says_the_same_again_changes_nothing(client_of, people, files):
    root = client_of("root")
    root.post(FILE, {"take": upload(root).context["kept"].key})
    page = upload(root)
    assert list(page.context["days"]) == []
    root.post(FILE, {"take": page.context["kept"].key})
    assert [load.changed_slices for load in Load.objects.order_by("pk")] == [24, 0]


def test_file_can_be_forgotten_and_is_nobody_elses(client_of, people, files):
    from grants.directory.testing import make_person
    from portal.pages.testing import as_person

    other = as_person(make_person("rick", roles=["administrator"]))
    key = upload(client_of("root")).context["kept"].key
    taken = other.post(FILE, {"take": key})
    assert (taken.status_code, taken.context["faults"][0].message) == (
        422,
        "The file is no longer kept. Choose it again.",
    )
    other.post(FILE, {"leave": key})
    assert HeldFile.objects.count() == 1
    assert client_of("root").post(FILE, {"leave": key}).status_code == 302
    assert (HeldFile.objects.count(), Usage.objects.count()) == (0, 0)


def test_every_fault_of_a_file_is_told_and_nothing_is_kept(client_of, files):
    bad = CSV + b"soon,2026-11-03T02:00:00Z,gke-1,L40S,1,\n,,gke-1,L40S,-1,\n"
    page = upload(client_of("root"), bad)
    assert page.status_code == 422
    assert page.context["fault_count"] == len(page.context["faults"]) == 4
    assert (HeldFile.objects.count(), Load.objects.count()) == (0, 0)


def test_file_about_another_sources_cluster_is_refused_in_words(client_of, people, files):
    other = Source.objects.create(key="other", kind="csv", name="Other")
    use("2026-11-02", source=other)
    page = upload(client_of("root"))
    assert (page.status_code, HeldFile.objects.count()) == (422, 0)
    assert "Other" in page.context["faults"][0].message


def test_only_administrators_bring_files(client_of, files):
    assert [client_of(name).get(FILE).status_code for name in ("bea", "ada", "alice")] == [403, 403, 403]
    assert upload(client_of("bea")).status_code == 403
    assert client_of("root").post(FILE, {"format": "auto"}).context["form"].errors == {
        "file": ["Choose a file"]
    }


def test_broken_rules_are_told_until_they_are_cleared(client_of):
    kept = {
        "day": date(2026, 11, 2),
        "found_at": NOW,
        "seen_at": NOW,
        "detail": {"kept": "1.00", "raw": "2.00"},
    }
    Violation.objects.create(kind="totals", subject="costs_daytotal", **kept)
    Violation.objects.create(kind="negative", subject="costs_usage", cleared_at=NOW, **kept)
    (one,) = client_of("bea").get("/costs/sources/").context["broken"]
    assert (one.sentence, one.subject) == ("Sums differ from the rows they are made of", "costs_daytotal")
    assert sorted(one.facts) == [("kept", "1.00"), ("raw", "2.00")]


def test_invoice_of_a_month_is_net_and_beside_prices_and_records(client_of, people, files):
    use("2026-11-02", source=files)
    day = datetime(2026, 11, 2, tzinfo=UTC)
    line = BillRecord(
        day.date(),
        "gke-1",
        "l40s",
        "A1",
        "L40S 在日本",
        Decimal(10),
        Decimal(30),
        Decimal(-6),
        "USD",
        "202611",
    )
    reading = Reading(day, day + timedelta(days=1), frozenset({Facts.BILL}), (line,), currency="USD")
    google = Source.objects.create(key="google", kind="google", name="Google")
    take(source=google, readings=[reading], file_name="bill.csv", by=BY, now=NOW)
    page = client_of("bea").get("/costs/invoice/")
    assert page.context["months"] == [("202611", "2026-11")]
    (row,) = page.context["lines"]
    assert (row["line"].net, row["price"], row["card"], row["difference"]) == (
        Decimal(24),
        "2.40",
        "20.00",
        "−4.00",
    )
    (place,) = page.context["places"]
    assert (place["billed"], place["recorded"], place["missing"], place["difference"]) == (
        "10.0",
        "6.0",
        "+4.0",
        "−12.00",
    )
    assert client_of("bea").get("/costs/invoice/?month=209901").status_code == 404


def test_lists_need_the_same_statements_for_more_rows(client_of, people, files):
    use("2026-11-02", source=files)
    assert_constant(client_of("bea"), "/costs/sources/", prometheus)
    assert_constant(client_of("bea"), "/costs/sources/files/", lambda: use("2026-11-04", source=files))
    assert_constant(client_of("bea"), "/costs/loads/", lambda: use("2026-11-05", source=files))
