"""The page of a team: who sees what of it, and that what is shown is exactly what was held."""

from datetime import date

import pytest

from audit.costs.models import CostSettings
from grants.directory.testing import cast, make_person, make_project, make_team
from portal.pages.costs.testing import make_anomaly, make_budget, make_prices, make_use
from portal.pages.costs.tests.reading import column, finding, number, rows_of, stats_of
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db
FIRST = date(2026, 11, 9)
WEEK = "?from=2026-11-09&to=2026-11-15"
PAGE = "/costs/teams/anti-fraud/"


@pytest.fixture
def people():
    """Seven days: 84 h of L40S at 2.00, half of them idle; 14 h of H100 at 4.50; one hour without a price."""
    found = cast()
    make_prices(FIRST)
    make_use(FIRST, 7, person=found.bob.label)
    return found


def page_of(person, address=PAGE + WEEK):
    answer = as_person(person).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_lead_sees_what_was_held_and_what_it_cost(people):
    page = page_of(people.alice)
    assert rows_of(page, "by-project") == [
        [
            "Project",
            "Held hours",
            "Active hours",
            "Idle cost",
            "Direct cost",
            "Share",
            "Change from before",
            "30 days",
        ],
        ["Anti fraud v2", "99.0", "56.0", "84.00", "231.00", "100 %", "–", ""],
        ["Total", "99.0", "56.0", "84.00", "231.00", "100 %", "–", ""],
    ]
    assert column(page, "by-person", "Person") == ["Bob", "Total"]
    assert column(page, "by-gpu-type", "GPU type") == ["L40S", "H100", "T4", "Total"]
    assert column(page, "by-gpu-type", "Direct cost") == ["168.00", "63.00", "0.00", "231.00"]
    assert column(page, "by-gpu-type", "Cost per active hour") == ["4.00", "4.50", "–", "4.12"]


def test_the_figures_on_top_lead_to_what_they_mean(people):
    page = page_of(people.alice)
    assert stats_of(page) == {
        "Budget": "None",
        "Spend so far": "US$ 231.00",
        "Held GPU hours": "99.0",
        "Held but idle": "US$ 84.00",
        "Cost per active hour": "US$ 4.12",
    }
    for figure in ("f1", "f3", "f11", "f12", "f13"):
        assert f'href="/costs/figures/#{figure}"' in page


def test_a_member_sees_the_team_but_no_budget_no_names_and_no_unusual_days(people):
    make_budget("anti-fraud", date(2026, 11, 1))
    make_anomaly("anti-fraud", FIRST)
    page = page_of(people.bob)
    assert stats_of(page) == {
        "Spend so far": "US$ 231.00",
        "Held GPU hours": "99.0",
        "Held but idle": "US$ 84.00",
    }
    assert column(page, "by-project", "Direct cost") == ["231.00", "231.00"]
    for hidden in (
        'id="by-person-table"',
        'id="c1"',
        "Unusual days",
        "Alice",
        "split=person",
        'name="person"',
    ):
        assert hidden not in page, hidden


def test_members_see_names_where_the_settings_say_so(people):
    CostSettings.objects.update_or_create(pk=1, defaults={"member_names": True})
    assert column(page_of(people.bob), "by-person", "Person") == ["Bob", "Total"]


def test_a_member_who_names_somebody_is_told_and_shown_nothing(people):
    answer = as_person(people.bob).get(f"{PAGE}{WEEK}&person={people.alice.label}")
    assert answer.status_code == 422
    assert "Only leads see whose use it was" in answer.content.decode()
    assert "231.00" not in answer.content.decode()


@pytest.mark.parametrize("name", ["charlie", "mia", "sam"])
def test_strangers_do_not_learn_that_the_team_has_costs(people, name):
    assert as_person(getattr(people, name)).get(PAGE).status_code == 404


@pytest.mark.parametrize("name", ["ada", "root", "mona"])
def test_who_sees_all_costs_sees_it_like_its_lead(people, name):
    person = make_person("mona", roles=["budget"]) if name == "mona" else getattr(people, name)
    page = page_of(person)
    assert column(page, "by-person", "Person") == ["Bob", "Total"]
    assert "Costs of Anti-fraud" in page


def test_rows_add_up_to_the_total_as_shown(people):
    other = make_project("uneven", team=people.team)
    make_use(date(2026, 11, 2), 7, project=other.key)
    page = page_of(people.alice, PAGE + "?from=2026-11-02&to=2026-11-15")
    for key in ("by-project", "by-person", "by-image", "by-gpu-type"):
        for name in ("Held hours", "Idle cost", "Direct cost"):
            *rows, total = column(page, key, name)
            assert sum(number(row) for row in rows if row != "–") == pytest.approx(number(total)), (key, name)
    bars = rows_of(page, "c2")
    assert len(bars) == 1 + 14 + 1
    assert sum(number(row[1]) for row in bars[1:-1]) == pytest.approx(number(bars[-1][1]))


def test_a_budget_shows_what_is_left_the_forecast_and_the_end(people):
    make_budget("anti-fraud", date(2026, 11, 1), "250")
    page = page_of(people.alice)
    stats = stats_of(page)
    assert stats["Budget left"] == "US$ 19.00"
    assert "US$ 250.00" in finding(page, "c1")
    assert rows_of(page, "c1")[0] == [
        "Day",
        "Budget left",
        "On plan",
        "At least left",
        "At most left",
        "Expected",
    ]
    assert column(page, "by-project", "Share of budget") == ["92 %", "92 %"]


def test_charts_say_what_they_show(people):
    page = page_of(people.alice)
    assert finding(page, "c3") == "43 % idle, US$ 84.00; most: project Anti fraud v2."
    assert finding(page, "c2") == "Most on 9 November 2026: US$ 33.00. L40S is 73 % of it all."
    assert 'aria-label="Held versus active. 43 % idle, US$' in page


def test_gpu_hours_show_no_money_in_tables_and_charts(people):
    page = page_of(people.alice, f"{PAGE}{WEEK}&unit=hours")
    assert rows_of(page, "by-project")[1] == ["Anti fraud v2", "99.0", "56.0", "42.0", "100 %", "–", ""]
    assert finding(page, "c3") == "43 % idle, 42.0 GPU hours; most: project Anti fraud v2."
    assert "US$" not in "".join(rows_of(page, "c2")[0])


def test_a_filter_narrows_everything_and_can_be_taken_off(people):
    page = page_of(people.alice, f"{PAGE}{WEEK}&gpu=h100")
    assert column(page, "by-project", "Direct cost") == ["63.00", "63.00"]
    assert "GPU type: H100" in page
    assert f'href="{WEEK.replace("&", "&amp;")}"' in page


def test_rows_lead_deeper_by_adding_a_filter(people):
    page = page_of(people.alice)
    assert 'href="/costs/teams/anti-fraud/?from=2026-11-09&amp;to=2026-11-15&amp;gpu=h100"' in page
    assert 'href="/costs/day/2026-11-09/?team=anti-fraud"' in page


def test_tables_sort_by_what_the_address_says(people):
    page = page_of(people.alice, f"{PAGE}{WEEK}&sort=by-gpu-type.cost")
    assert column(page, "by-gpu-type", "GPU type") == ["T4", "H100", "L40S", "Total"]
    assert 'aria-sort="ascending"' in page
    down = page_of(people.alice, f"{PAGE}{WEEK}&sort=-by-gpu-type.idle")
    assert column(down, "by-gpu-type", "GPU type") == ["L40S", "H100", "T4", "Total"]


def test_a_missing_price_is_named_with_the_hours_it_is_missing_for(people):
    page = page_of(people.alice)
    assert "Prices for T4 are missing from 15 November 2026; 1 hour is shown without cost." in page
    assert "rate card version 1" in page
    assert "DCGM_FI_PROF_GR_ENGINE_ACTIVE" in page
    assert "Complete through 16 November 2026, 00:00" in page


def test_an_unusual_day_says_its_cause_in_a_sentence(people):
    make_anomaly("anti-fraud", FIRST)
    page = page_of(people.alice)
    assert (
        "9 November 2026: Anti-fraud cost US$\xa0812.00; US$\xa0230.00 is usual. Most of it:"
        " project Anti fraud v2 (+US$\xa0410.00), GPU type H100 (+US$\xa0300.00)."
    ) in page


def test_nothing_used_and_nothing_found_are_told_apart(people):
    page = page_of(people.alice, PAGE + "?from=2026-01-01&to=2026-01-31")
    assert "No GPU use was recorded in this time: January 2026" in page
    assert "No GPU use matches these filters" in page_of(people.alice, f"{PAGE}{WEEK}&gpu=a100")


def test_a_team_without_any_source_is_told_what_costs_need():
    people = cast()
    page = page_of(people.alice, PAGE)
    assert "Costs need a source of GPU use and a rate card." in page


def test_a_team_nobody_knows_is_not_there(people):
    make_team("credit")
    assert as_person(people.root).get("/costs/teams/credit/").status_code == 200
    assert as_person(people.root).get("/costs/teams/nobody/").status_code == 404
