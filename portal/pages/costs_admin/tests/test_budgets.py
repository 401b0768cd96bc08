"""Budgets: who sees and keeps them, how they stand, what a file may bring."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.costs.models import Budget
from audit.ledger.models import Event
from portal.pages.costs_admin import budget_rows, frame
from portal.pages.costs_admin.tests.conftest import make_budget, make_outlook
from portal.pages.testing import assert_constant

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
GIVEN = {
    "owner": "team:anti-fraud",
    "starts": "2026-12-01",
    "last": "2026-12-31",
    "amount": "1,250.50",
    "thresholds": "100, 80 %",
    "note": "Agreed with finance",
}


@pytest.fixture(autouse=True)
def _the_day(monkeypatch):
    for module in ("budgets", "frame"):
        monkeypatch.setattr(f"portal.pages.costs_admin.{module}.today", lambda: TODAY)


def test_who_sees_which_budgets(client_of):
    make_budget(), make_budget("credit"), make_budget("CC-9", owner_kind="cost_centre")

    def seen(name):
        return [row.budget.owner for row in client_of(name).get("/costs/budgets/").context["rows"]]

    assert [seen(name) for name in ("bea", "ada", "root")] == 3 * [["CC-9", "anti-fraud", "credit"]]
    assert seen("alice") == ["anti-fraud"]
    assert client_of("bob").get("/costs/budgets/").status_code == 403
    assert client_of("charlie").get("/costs/budgets/").status_code == 403


@pytest.mark.parametrize(
    ("name", "status"), [("bea", 200), ("root", 200), ("ada", 403), ("alice", 403), ("bob", 404)]
)
def test_who_may_change_a_budget(client_of, name, status):
    budget = make_budget()
    status = 403 if name == "bob" else status
    assert client_of(name).get(f"/costs/budgets/{budget.pk}/").status_code == status
    assert client_of(name).get(f"/costs/budgets/{budget.pk}/remove/").status_code == status


def test_budget_of_another_team_is_not_there_for_a_lead(client_of):
    budget = make_budget("credit")
    assert client_of("alice").get(f"/costs/budgets/{budget.pk}/").status_code == 404


def test_only_running_budgets_unless_all_are_asked_for(client_of):
    make_budget(starts=date(2026, 10, 1), ends=date(2026, 11, 1))
    make_budget(starts=date(2026, 11, 20), ends=date(2026, 11, 21))
    page = client_of("bea").get("/costs/budgets/")
    assert [row.last for row in page.context["rows"]] == [date(2026, 11, 20)]
    page = client_of("bea").get("/costs/budgets/?all=1")
    assert [row.last for row in page.context["rows"]] == [date(2026, 11, 20), date(2026, 10, 31)]


@pytest.mark.parametrize(
    ("spent", "forecast", "starts", "ends", "state"),
    [
        ("10", "900", (11, 1), (12, 1), "on_plan"),
        ("800", "1000", (11, 1), (12, 1), "watch"),
        ("799.99", "1000.01", (11, 1), (12, 1), "forecast_over"),
        ("1000", None, (11, 1), (12, 1), "over"),
        ("999.99", None, (10, 1), (11, 1), "ended"),
        ("1000", None, (10, 1), (11, 1), "ended_over"),
        ("0", None, (11, 21), (12, 1), "later"),
    ],
)
def test_state_of_a_budget(spent, forecast, starts, ends, state):
    budget = make_budget(starts=date(2026, *starts), ends=date(2026, *ends))
    make_outlook(budget, spent, forecast)
    budget.refresh_from_db()
    assert budget_rows.state_of(Budget.objects.select_related("outlook").get(), TODAY) == state


def test_budget_without_an_outlook_is_not_worked_out_yet():
    assert budget_rows.state_of(make_budget(), TODAY) == "unknown"


def test_setting_a_budget_keeps_what_was_typed_and_records_it(client_of):
    answer = client_of("bea").post("/costs/budgets/new/", GIVEN)
    assert answer.headers["Location"] == "/costs/budgets/"
    budget = Budget.objects.get()
    assert (budget.owner_kind, budget.owner, budget.amount) == ("team", "anti-fraud", Decimal("1250.50"))
    assert (budget.starts, budget.ends, budget.thresholds) == (date(2026, 12, 1), date(2027, 1, 1), [80, 100])
    assert Event.objects.filter(kind="audit.budget.set").values_list("actor_name", flat=True)[0] == "Bea"
    page = client_of("root").get(f"/costs/budgets/{budget.pk}/")
    assert page.context["changed"].by == "Bea"
    assert page.context["form"].initial == {
        "owner": "team:anti-fraud",
        "starts": date(2026, 12, 1),
        "last": date(2026, 12, 31),
        "amount": Decimal("1250.50"),
        "thresholds": "80, 100",
        "note": "Agreed with finance",
    }


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"owner": ""}, "owner", "Select a team or a cost centre"),
        ({"starts": "soon"}, "starts", "Enter a date such as 2026-11-20"),
        ({"last": "2026-11-30"}, "last", "The last day must not be before the first"),
        ({"amount": "0"}, "amount", "Enter an amount above 0"),
        ({"amount": "1,25"}, "amount", "Enter an amount such as 1250.50"),
        ({"thresholds": "80, 300"}, "thresholds", "Enter whole percents from 1 to 200, such as 80, 100"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(client_of, wrong, field, sentence):
    answer = client_of("bea").post("/costs/budgets/new/", GIVEN | wrong)
    assert (answer.status_code, answer.context["form"].errors) == (422, {field: [sentence]})
    assert Budget.objects.count() == 0


def test_two_budgets_of_one_owner_do_not_overlap(client_of):
    make_budget()
    answer = client_of("bea").post("/costs/budgets/new/", GIVEN | {"starts": "2026-11-30"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["starts"]
    assert Budget.objects.count() == 1


def test_changing_and_removing_a_budget(client_of):
    budget = make_budget()
    client_of("bea").post(f"/costs/budgets/{budget.pk}/", GIVEN | {"owner": "cost_centre:CC-9"})
    budget.refresh_from_db()
    assert (budget.owner_kind, budget.owner) == ("cost_centre", "CC-9")
    assert client_of("bea").post(f"/costs/budgets/{budget.pk}/remove/").status_code == 302
    assert Budget.objects.count() == 0
    assert Event.objects.filter(kind="audit.budget.removed").count() == 1


def upload(client, text, **more):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post("/costs/budgets/import/", {"file": SimpleUploadedFile("b.csv", data), **more})


HEADER = "owner_kind,owner,first_day,last_day,amount,thresholds,note\n"
GOOD = (
    HEADER
    + "team,credit,2026-12-01,2026-12-31,500,90 100,年度\ncost_center,CC-7,2026-12-01,2026-12-31,7.5,,\n"
)


def test_file_sets_every_budget_and_replaces_what_is_there(client_of):
    kept = make_budget("credit", starts=date(2026, 12, 1), ends=date(2027, 1, 1))
    answer = upload(client_of("bea"), GOOD)
    assert answer.headers["Location"] == "/costs/budgets/"
    found = Budget.objects.order_by("owner").values_list(
        "owner_kind", "owner", "amount", "thresholds", "note"
    )
    assert list(found) == [
        ("cost_centre", "CC-7", Decimal("7.50"), [80, 100], ""),
        ("team", "credit", Decimal("500.00"), [90, 100], "年度"),
    ]
    assert Budget.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_file_in_the_usual_encodings(client_of, encoding):
    assert upload(client_of("bea"), GOOD.replace(",", ";").encode(encoding)).status_code == 302
    assert Budget.objects.get(owner="credit").note == "年度"


def test_checking_a_file_changes_nothing(client_of):
    answer = upload(client_of("bea"), GOOD, check="1")
    assert (answer.status_code, len(answer.context["said"].lines)) == (200, 2)
    assert Budget.objects.count() == 0


def test_every_fault_of_a_file_at_once_and_nothing_is_changed(client_of):
    text = HEADER + (
        "team,credit,2026-12-01,2026-12-31,500,,\n"
        "group,credit,2026-12-01,2026-12-31,500,,\n"
        "team,nobody,2026-13-01,2026-12-31,1.234,many,\n"
        "team,,2026-12-31,2026-12-01,500,,\n"
        "team,credit\n"
        "team,credit,2026-12-01,2026-12-31,500,,\n"
    )
    answer = upload(client_of("bea"), text)
    assert answer.status_code == 422
    assert [(one.line, one.column, one.code) for one in answer.context["faults"]] == [
        (3, "owner_kind", "kind"),
        (4, "owner", "owner"),
        (4, "first_day", "date"),
        (4, "amount", "amount"),
        (4, "thresholds", "thresholds"),
        (5, "owner", "missing"),
        (5, "last_day", "order"),
        (6, "", "cells"),
        (7, "owner", "again"),
    ]
    assert Budget.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"\x00\x01", ["not_text"]),
        (b"", None),
        (b"owner,owner,amount\n", ["missing_column", "missing_column", "missing_column", "twice_column"]),
        (HEADER.encode(), ["no_lines"]),
    ],
)
def test_files_that_are_none(client_of, data, codes):
    answer = upload(client_of("bea"), data)
    assert answer.status_code == 422
    assert (answer.context["form"].errors == {}) == (codes is not None)
    assert [fault.code for fault in answer.context["faults"]] == (codes or [])


def test_overlap_found_while_a_file_is_taken_changes_nothing(client_of):
    make_budget("CC-7", owner_kind="cost_centre", starts=date(2026, 12, 5), ends=date(2026, 12, 6))
    answer = upload(client_of("bea"), GOOD)
    assert answer.status_code == 422
    assert [text.startswith("Line 3: ") for text in answer.context["form"].non_field_errors()] == [True]
    assert list(Budget.objects.values_list("owner", flat=True)) == ["CC-7"]


def test_template_has_the_columns_and_opens_in_excel(client_of):
    answer = client_of("bea").get("/costs/budgets/template.csv")
    assert answer.content == b"\xef\xbb\xbf" + HEADER.strip().encode() + b"\r\n"


def test_list_needs_the_same_statements_for_more_budgets(client_of):
    make_outlook(make_budget(), "1", "2")
    assert_constant(
        client_of("bea"), "/costs/budgets/", lambda: make_outlook(make_budget("credit"), "1", "2")
    )
    assert frame.today() == TODAY
