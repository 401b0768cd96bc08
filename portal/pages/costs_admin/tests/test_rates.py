"""The rate card: who reads it, how a change is prepared, looked at, published, and refused when it is stale."""

from datetime import date
from decimal import Decimal

import pytest

from audit.costs.models import GpuType, Rate, RateRevision, Restatement, TeamDay
from audit.ledger.models import Event
from portal.pages.costs_admin import rate_change
from portal.pages.costs_admin.tests.conftest import NOW, publish, use
from portal.pages.testing import assert_constant

pytestmark = pytest.mark.django_db
CHANGE = "/costs/rates/change/"


@pytest.fixture(autouse=True)
def _the_day(monkeypatch):
    for module in ("rates", "rate_change", "frame"):
        monkeypatch.setattr(f"portal.pages.costs_admin.{module}.today", lambda: date(2026, 11, 20))
    monkeypatch.setattr(rate_change.timezone, "now", lambda: NOW)


def rows(*given, **more):
    """What the form sends: rows of (type, day, price or None for its end)."""
    data = {"row-TOTAL_FORMS": str(len(given)), "row-INITIAL_FORMS": "0", "version": "0", "reason": ""}
    for place, (gpu_type, day, price) in enumerate(given):
        data |= {f"row-{place}-gpu_type": gpu_type, f"row-{place}-from_day": day}
        data |= {f"row-{place}-ends": "on"} if price is None else {f"row-{place}-price": price}
    return data | more


def test_everybody_signed_in_reads_the_prices_and_only_administrators_change_them(client_of, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    for name in ("root", "bea", "ada", "alice", "bob", "charlie"):
        page = client_of(name).get("/costs/rates/")
        assert (page.status_code, page.context["version"]) == (200, 1)
        assert ("Prepare a change" in page.content.decode()) == (name == "root")
    for name in ("bea", "ada", "alice", "bob"):
        assert client_of(name).get(CHANGE).status_code == 403
        assert (
            client_of(name).post(CHANGE, rows(("l40s", "2026-12-01", "3"), do="publish")).status_code == 403
        )
    assert RateRevision.objects.count() == 1


def test_card_tells_what_holds_today_what_comes_and_what_was(client_of, l40s):
    publish(("l40s", "2026-01-01", "2.00"), ("l40s", "2026-12-01", "2.5"))
    publish(
        ("l40s", "2026-06-01", "2.123456"), ("l40s", "2027-01-01", None), reason="New contract", version=1
    )
    (row,) = client_of("bob").get("/costs/rates/").context["rows"]
    assert (row.label, row.now.words, row.now.from_day) == ("L40S", "2.123456", date(2026, 6, 1))
    assert [(step.from_day, step.words) for step in row.later] == [
        (date(2026, 12, 1), "2.50"),
        (date(2027, 1, 1), ""),
    ]
    assert [(step.from_day, step.words) for step in row.earlier] == [(date(2026, 1, 1), "2.00")]


def test_history_tells_every_version_newest_first(client_of, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    publish(("l40s", "2026-12-01", None), reason="They are given back", version=1)
    page = client_of("ada").get("/costs/rates/history/")
    assert [(one["revision"].number, one["revision"].reason) for one in page.context["versions"]] == [
        (2, "They are given back"),
        (1, "First prices"),
    ]


def test_link_of_a_price_fills_the_first_row(client_of, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    page = client_of("root").get(CHANGE + "?type=l40s&cluster=&class=")
    (row,) = page.context["formset"].forms
    assert (row["gpu_type"].value(), row["price"].value(), page.context["version"]) == ("l40s", "2", 1)


def test_adding_and_taking_out_rows_loses_nothing_that_was_typed(client_of, l40s):
    typed = rows(("l40s", "2026-12-01", "3"), ("", "soon", "much"), do="add", reason="Because", version="7")
    page = client_of("root").post(CHANGE, typed)
    found = [
        (row["gpu_type"].value(), row["from_day"].value(), row["price"].value())
        for row in page.context["formset"]
    ]
    assert (page.status_code, page.context["version"], page.context["reason"]) == (200, 7, "Because")
    assert found == [("l40s", "2026-12-01", "3"), ("", "soon", "much"), (None, None, None)]
    page = client_of("root").post(CHANGE, typed | {"do": "drop-0"})
    assert [row["from_day"].value() for row in page.context["formset"]] == ["soon"]


@pytest.mark.parametrize(
    ("row", "field", "sentence"),
    [
        (("", "2026-12-01", "3"), "gpu_type", "Select the GPU type"),
        (("l40s", "", "3"), "from_day", "Enter the day from which it holds"),
        (("l40s", "2026-12-01", ""), "price", "Enter the price of a GPU hour, or tick that it ends"),
        (("l40s", "2026-12-01", "-1"), "price", "The amount must not be below 0"),
        (("l40s", "2026-12-01", "1.1234567"), "price", "The amount can have at most 6 decimal places"),
        (("l40s", "2026-12-01", "10001"), "price", "The amount must be at most 10000"),
    ],
)
def test_what_is_wrong_is_said_beside_the_row(client_of, l40s, row, field, sentence):
    page = client_of("root").post(CHANGE, rows(row, do="preview"))
    assert (page.status_code, page.context["formset"].forms[0].errors) == (422, {field: [sentence]})


def test_price_and_its_end_at_once_and_the_same_twice_are_refused(client_of, l40s):
    both = rows(("l40s", "2026-12-01", "3")) | {"row-0-ends": "on", "do": "preview"}
    assert list(client_of("root").post(CHANGE, both).context["formset"].forms[0].errors) == ["price"]
    twice = rows(("l40s", "2026-12-01", "3"), ("l40s", "2026-12-01", "4"), do="preview")
    assert list(client_of("root").post(CHANGE, twice).context["formset"].forms[1].errors) == ["from_day"]


def test_preview_tells_the_effect_and_stores_nothing(client_of, people, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    use("2026-11-02"), use("2026-11-19")
    page = client_of("root").post(CHANGE, rows(("l40s", "2026-11-01", "2.50"), do="preview", version="1"))
    effect, words = page.context["effect"], page.context["words"]
    assert (page.status_code, effect.before, effect.after) == (200, Decimal("24.00"), Decimal("30.00"))
    assert (effect.days, effect.closed) == ((date(2026, 11, 2), date(2026, 11, 19)), (date(2026, 11, 2),))
    assert words["closed"] == "2 November 2026: +3.00 against US$\u00a012.00 as stated today"
    assert words["change"] == "+6.00 against US$\u00a024.00 today"
    assert [(one["name"], one["change"], one["month_after"]) for one in page.context["teams"]] == [
        ("Anti-fraud", "+6.00", Decimal("30.00"))
    ]
    assert RateRevision.objects.count() == 1
    assert TeamDay.objects.get(day=date(2026, 11, 2)).cost == Decimal("12.00")


def test_preview_tells_hours_newly_priced_and_no_longer_priced(client_of, people, l40s):
    use("2026-11-02")
    page = client_of("root").post(CHANGE, rows(("l40s", "2026-11-01", "2"), do="preview"))
    assert (page.context["words"]["priced"], page.context["words"]["unpriced"]) == ("6.0", "0.0")
    publish(("l40s", "2026-11-01", "2"))
    page = client_of("root").post(CHANGE, rows(("l40s", "2026-11-02", None), do="preview"))
    assert (page.context["words"]["priced"], page.context["words"]["unpriced"]) == ("0.0", "6.0")


def test_publishing_needs_a_reason_and_keeps_the_rows(client_of, l40s):
    page = client_of("root").post(CHANGE, rows(("l40s", "2026-12-01", "3"), do="publish"))
    assert (page.status_code, page.context["form"].errors) == (422, {"reason": ["Enter why prices change"]})
    assert page.context["formset"].forms[0].cleaned_data["price"] == Decimal("3")
    assert RateRevision.objects.count() == 0


def test_publishing_restates_closed_days_and_says_so(client_of, people, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    use("2026-11-02")
    given = rows(("l40s", "2026-11-01", "2.50"), do="publish", version="1", reason="The contract says so")
    answer = client_of("root").post(CHANGE, given)
    assert answer.headers["Location"] == "/costs/rates/"
    revision = RateRevision.objects.get(number=2)
    assert (revision.by_name, revision.reason) == ("Root", "The contract says so")
    assert TeamDay.objects.get().cost == Decimal("15.00")
    assert Event.objects.filter(kind="audit.rates.published").count() == 2
    for name, seen in (("bea", 1), ("alice", 1), ("charlie", 0)):
        found = client_of(name).get("/costs/restatements/").context["rows"]
        assert [(one["row"].before_cost, one["change"], str(one["cause"])) for one in found] == seen * [
            (Decimal("12.000000"), "+3.00", "The rate card changed")
        ]


def test_stale_version_is_told_with_what_changed_and_nothing_is_lost(client_of, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    publish(("l40s", "2026-02-01", "2.20"), reason="Meanwhile", version=1)
    given = rows(("l40s", "2026-12-01", "3"), do="publish", version="1", reason="Mine")
    page = client_of("root").post(CHANGE, given)
    assert page.status_code == 409
    assert [one["revision"].reason for one in page.context["newer"]] == ["Meanwhile"]
    assert (page.context["form"]["version"].value(), page.context["form"]["reason"].value()) == (2, "Mine")
    assert Rate.objects.filter(price=3).count() == 0
    text = page.content.decode()
    assert 'name="row-0-price" value="3"' in text
    assert client_of("root").post(CHANGE, given | {"version": "2"}).status_code == 302
    assert RateRevision.objects.get(number=3).reason == "Mine"


def test_going_back_from_the_preview_keeps_rows_and_reason(client_of, l40s):
    given = rows(("l40s", "2026-12-01", None), do="back", reason="Mine", version="0") | {"row-0-ends": "True"}
    page = client_of("root").post(CHANGE, given)
    (row,) = page.context["formset"].forms
    assert (row["ends"].value(), row["from_day"].value(), page.context["reason"]) == (
        True,
        "2026-12-01",
        "Mine",
    )


def test_types_are_added_and_changed_by_administrators(client_of, l40s):
    given = {"label": "NVIDIA H100 80GB", "aliases": "H100\n\nh100-sxm", "colour": "1"}
    assert client_of("bea").post("/costs/gpu-types/new/", given).status_code == 403
    assert client_of("root").post("/costs/gpu-types/new/", given).status_code == 302
    made = GpuType.objects.get(key="h100-80gb")
    assert (made.label, made.aliases, made.colour) == ("NVIDIA H100 80GB", ["h100", "h100-sxm"], 1)
    page = client_of("root").post("/costs/gpu-types/new/", given)
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["label"])
    page = client_of("root").post(
        "/costs/gpu-types/l40s/", {"label": "L40S", "aliases": "h100", "colour": "0"}
    )
    assert page.context["form"].errors == {"aliases": ["Another type has this name. h100"]}
    assert client_of("root").get("/costs/gpu-types/h100-80gb/").context["changed"].by == "Root"
    assert client_of("root").get("/costs/gpu-types/nothing/").status_code == 404


def test_pages_need_the_same_statements_for_more_rows(client_of, people, l40s):
    publish(("l40s", "2026-01-01", "2.00"))
    assert_constant(
        client_of("root"), "/costs/rates/", lambda: publish(("l40s", "2026-03-01", "3"), version=1)
    )
    assert_constant(
        client_of("root"), "/costs/rates/history/", lambda: publish(("l40s", "2026-04-01", "3"), version=2)
    )
    kept = {"before_ms": 1, "after_ms": 1, "before_cost": 1, "after_cost": 2, "at": NOW, "cause": "late"}
    Restatement.objects.create(day=date(2026, 11, 1), team="credit", **kept)
    assert_constant(
        client_of("root"),
        "/costs/restatements/",
        lambda: Restatement.objects.create(day=date(2026, 11, 2), team="anti-fraud", **kept),
    )
