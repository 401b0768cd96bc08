"""Estimates of requests stand beside what was used, on the team's page, for leads and who sees all costs."""

from datetime import date
from decimal import Decimal

import pytest

from audit.costs.models import Commitment, UsageKey
from grants.directory.testing import cast, make_person
from portal.pages.costs.testing import make_prices, make_use
from portal.pages.costs.tests.reading import rows_of
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db
FIRST = date(2026, 11, 9)
PAGE = "/costs/teams/anti-fraud/?from=2026-11-09&to=2026-11-15"


@pytest.fixture
def people():
    """84 h of L40S at 2.00 of request 7, which planned 100 h; request 8 plans an H100 without a price, and runs."""
    found = cast()
    make_prices(FIRST)
    make_use(FIRST, 7)
    UsageKey.objects.filter(gpu_type="l40s").update(request="request:7")
    planned = {"team": "anti-fraud", "project": "anti-fraud-v2", "ends": date(2026, 12, 9)}
    Commitment.objects.create(
        origin="request:7",
        gpu_type="l40s",
        hours=100,
        amount=Decimal("200"),
        starts=FIRST,
        over=True,
        **planned,
    )
    Commitment.objects.create(
        origin="request:8", gpu_type="h100", hours=10, amount=None, starts=date(2026, 11, 1), **planned
    )
    return found


def page_of(person, address=PAGE):
    return as_person(person).get(address).content.decode()


def test_each_estimate_stands_beside_what_was_used(people):
    page = page_of(people.alice)
    heading, *rows = rows_of(page, "accuracy")
    assert heading[-1] == "State"
    assert rows == [
        ["REQ-7 Anti fraud v2", "L40S", "100.0", "84.0", "200.00", "168.00", "0.84", "Over"],
        ["REQ-8 Anti fraud v2", "H100", "10.0", "0.0", "–", "0.00", "0.00", "Running"],
    ]
    assert "actual use was 0.84 of the estimate (median)" in page
    assert 'href="/requests/7/"' in page


def test_the_csv_of_it_and_hours_without_money(people):
    answer = as_person(people.alice).get(f"{PAGE}&csv=accuracy")
    assert answer.content.decode().splitlines()[1].startswith("REQ-7,L40S,100.000,84,200.00,168")
    assert rows_of(page_of(people.alice, f"{PAGE}&unit=hours"), "accuracy")[1][1:] == [
        "L40S", "100.0", "84.0", "0.84", "Over",
    ]  # fmt: skip


def test_members_do_not_see_it_and_budget_owners_see_no_way_to_requests(people):
    assert 'id="accuracy"' not in page_of(people.bob)
    page = page_of(make_person("bea", roles=["budget"]))
    assert rows_of(page, "accuracy")[1][0] == "REQ-7 Anti fraud v2"
    assert 'href="/requests/7/"' not in page


def test_a_team_without_estimates_has_no_table(people):
    Commitment.objects.all().delete()
    assert 'id="accuracy"' not in page_of(people.alice)
