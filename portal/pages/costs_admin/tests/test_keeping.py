"""Reservations, overhead and settings: who keeps them, what a change says beforehand, who changed it last."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from audit.costs.models import ActivityWindow, CostSettings, Overhead, Reservation, ReservationDay
from audit.costs.partitions import ensure_months
from portal.pages.costs_admin.tests.conftest import publish, use
from portal.pages.testing import assert_constant

pytestmark = pytest.mark.django_db
POOL = {
    "name": "训练池",
    "team": "credit",
    "cluster": "gke-1",
    "gpu_type": "l40s",
    "gpus": "4",
    "starts": "2026-11-01",
    "last": "",
}
SETTINGS = {
    "currency": "usd",
    "shared_method": "none",
    "active_threshold": "5",
    "closed_after_days": "3",
}


@pytest.mark.parametrize("path", ["reservations", "overhead", "settings", "sources", "loads", "invoice"])
def test_who_reads(client_of, path):
    seen = {name: client_of(name).get(f"/costs/{path}/").status_code for name in ("root", "ada", "bea")}
    assert seen == {"root": 200, "ada": 200, "bea": 200}
    others = {name: client_of(name).get(f"/costs/{path}/").status_code for name in ("alice", "bob", "mia")}
    assert others == {"alice": 403, "bob": 403, "mia": 403}


@pytest.mark.parametrize("path", ["reservations/new", "overhead/new", "rates/change", "gpu-types/new"])
def test_only_administrators_change(client_of, path):
    assert [client_of(name).get(f"/costs/{path}/").status_code for name in ("bea", "ada", "root")] == [
        403,
        403,
        200,
    ]


def test_reservation_is_added_changed_ended_and_removed(client_of, people, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    use("2026-11-02")
    root = client_of("root")
    assert root.post("/costs/reservations/new/", POOL).headers["Location"] == "/costs/reservations/"
    row = Reservation.objects.get()
    assert (row.team, row.gpus, row.ends) == ("credit", 4, None)
    assert ReservationDay.objects.get(day=date(2026, 11, 2)).unused_cost == Decimal("192.000000")
    (shown,) = client_of("bea").get("/costs/reservations/").context["rows"]
    assert (shown["team"], shown["gpu_type"], shown["last"]) == ("信贷", "L40S", None)
    path = f"/costs/reservations/{row.pk}/"
    page = root.get(path)
    assert (page.context["changed"].by, "name" in page.context["form"].fields) == ("Root", False)
    assert root.post(path, POOL | {"last": "2026-11-01"}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.ends) == ("训练池", date(2026, 11, 2))
    assert ReservationDay.objects.filter(day=date(2026, 11, 2)).count() == 0
    assert client_of("bea").post(f"{path}remove/").status_code == 403
    assert root.post(f"{path}remove/").status_code == 302
    assert Reservation.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"name": ""}, "name", "Enter a name"),
        ({"team": "nobody"}, "team", "Select a valid choice. nobody is not one of the available choices."),
        ({"gpus": "two"}, "gpus", "Enter a whole number"),
        ({"last": "2026-10-31"}, "last", "The last day must not be before the first"),
    ],
)
def test_what_is_wrong_with_a_reservation(client_of, l40s, wrong, field, sentence):
    page = client_of("root").post("/costs/reservations/new/", POOL | wrong)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert field == "team" or page.context["form"].errors[field] == [sentence]


def test_two_reservations_never_have_one_name(client_of, l40s):
    client_of("root").post("/costs/reservations/new/", POOL)
    page = client_of("root").post("/costs/reservations/new/", POOL | {"gpus": "9"})
    assert page.context["form"].errors == {"name": ["There is a reservation of this name already"]}
    assert Reservation.objects.get().gpus == 4


def test_overhead_is_added_changed_and_removed(client_of):
    root, given = client_of("root"), {"month": "2026-11", "name": "Network", "amount": "1,300.50"}
    assert root.post("/costs/overhead/new/", given).status_code == 302
    row = Overhead.objects.get()
    assert (row.month, row.amount) == (date(2026, 11, 1), Decimal("1300.50"))
    page = root.post("/costs/overhead/new/", given)
    assert page.context["form"].errors == {"name": ["The month has an overhead of this name already"]}
    assert root.post(f"/costs/overhead/{row.pk}/", {"amount": "1"}).status_code == 302
    assert root.get(f"/costs/overhead/{row.pk}/").context["changed"].by == "Root"
    assert root.post(f"/costs/overhead/{row.pk}/remove/").status_code == 302
    assert Overhead.objects.count() == 0


def test_settings_say_what_changes_before_they_are_saved(client_of):
    root = client_of("root")
    page = root.post("/costs/settings/", SETTINGS | {"shared_method": "direct", "member_names": "on"})
    assert [(str(label), str(before), str(after)) for label, before, after in page.context["diff"]] == [
        ("How shared cost is shared out", "Not shared out", "In proportion to direct cost"),
        ("Members see whose use it was, not only leads", "No", "Yes"),
    ]
    assert CostSettings.objects.count() == 0
    kept = {one.name: one.value() for one in page.context["form"]}
    back = root.post("/costs/settings/", kept | {"back": "1"})
    assert back.context["form"]["shared_method"].value() == "direct"
    assert root.post("/costs/settings/", kept | {"confirm": "1"}).status_code == 302
    saved = CostSettings.objects.get()
    assert (saved.currency, saved.shared_method, saved.member_names) == ("USD", "direct", True)
    assert root.get("/costs/settings/").context["changed"].by == "Root"


def test_another_threshold_says_how_many_windows_stay_active(client_of, people, l40s):
    use("2026-11-02")
    from audit.costs.models import Slice, UsagePlace

    day = timezone.now().date() - timedelta(days=1)
    ensure_months(day, day)
    kept = {"slice": Slice.objects.all()[0], "place": UsagePlace.objects.all()[0], "metric": "DCGM"}
    for share in ("0.04", "0.05", "0.09", "0.50"):
        ActivityWindow.objects.create(day=day, start=timezone.now(), activity=Decimal(share), **kept)
    page = client_of("root").post("/costs/settings/", SETTINGS | {"active_threshold": "10"})
    told = [page.context[name] for name in ("measured", "active_before", "active_after")]
    assert (told, page.context["diff"][0][1:]) == ([4, 3, 1], ("5\u00a0%", "10\u00a0%"))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"currency": "US"}, "Enter a currency such as USD"),
        ({"active_threshold": "0"}, "Enter a percent from 1 to 100"),
        ({"closed_after_days": "many"}, "Enter a whole number from 0 to 60"),
    ],
)
def test_settings_that_cannot_be(client_of, wrong, sentence):
    page = client_of("root").post("/costs/settings/", SETTINGS | wrong)
    assert (page.status_code, page.context["form"].errors) == (422, {next(iter(wrong)): [sentence]})


def test_settings_are_changed_by_administrators_alone_and_read_by_others(client_of):
    assert client_of("bea").post("/costs/settings/", SETTINGS | {"confirm": "1"}).status_code == 403
    rows = dict(client_of("ada").get("/costs/settings/").context["rows"])
    assert rows["Currency"] == "USD"


def test_saving_the_same_settings_changes_nothing(client_of):
    assert client_of("root").post("/costs/settings/", SETTINGS).status_code == 302
    assert CostSettings.objects.count() == 0


def test_lists_need_the_same_statements_for_more_rows(client_of, l40s):
    Reservation.objects.create(
        name="a", team="credit", cluster="c", gpu_type="l40s", gpus=1, starts="2026-11-01"
    )
    assert_constant(
        client_of("bea"),
        "/costs/reservations/",
        lambda: Reservation.objects.create(
            name="b", team="anti-fraud", cluster="c", gpu_type="h100", gpus=1, starts="2026-11-01"
        ),
    )
    Overhead.objects.create(month=date(2026, 11, 1), name="a", amount=1)
    assert_constant(
        client_of("bea"),
        "/costs/overhead/",
        lambda: Overhead.objects.create(month=date(2026, 11, 1), name="b", amount=1),
    )
