"""Unused access of a team: who sees it, what it says, and the way to the page that returns it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.costs.models import Commitment
from grants.directory.models import Membership
from grants.directory.testing import Cast, cast, make_person, make_project, make_team
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, make_pull, queries_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()
ADDRESS = "/costs/teams/anti-fraud/unused/"


@pytest.fixture
def people() -> Cast:
    return cast()


def make_old(people: Cast, *members: Any, days: int = 50, request: int = 7) -> Grant:
    since = NOW - timedelta(days=days)
    grant = make_grant(
        project=people.project, members=list(members), starts=since, ends=NOW + timedelta(days=20)
    )
    Grant.objects.filter(pk=grant.pk).update(status="active", origin=f"request:{request}")
    grant.refresh_from_db()
    return grant


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_lead_sees_unused_grants_what_they_promise_and_the_way_to_return_them(people: Cast) -> None:
    quiet, used = make_old(people, people.bob), make_old(people, people.alice, request=8)
    make_pull(used, person=people.alice.label)
    Commitment.objects.create(
        origin="request:7", team="anti-fraud", project="anti-fraud-v2", gpu_type="l40s", hours=Decimal(9),
        amount=Decimal("154"), starts=NOW.date(), ends=NOW.date() + timedelta(days=9),
    )  # fmt: skip
    page = text_of(as_person(people.alice).get(ADDRESS))
    assert "1 unused grant" in page
    assert "Return 1 unused grant<" in page
    assert "US$ 154.00" in page
    assert f'name="sel" value="{quiet.pk}"' in page
    assert f'value="{used.pk}"' not in page
    assert "1 person with access and no use" in page
    assert people.bob.name in page


def test_the_form_leads_to_the_page_that_returns_them(people: Cast) -> None:
    grants = [make_old(people, people.bob, request=number) for number in (1, 2)]
    client = as_person(people.alice)
    page = client.get(ADDRESS)
    assert sorted(page.context["returnable"]) == [grant.pk for grant in grants]
    asked = client.get(reverse("grants-return"), {"sel": page.context["returnable"]})
    assert sorted(one.grant.pk for one in asked.context["able"]) == sorted(page.context["returnable"])


def test_who_cannot_return_sees_no_form(people: Cast) -> None:
    make_old(people, people.bob)
    for person, forms in ((people.ada, 0), (make_person("bea", roles=["budget"]), 0), (people.root, 1)):
        page = text_of(as_person(person).get(ADDRESS))
        assert (page.count("1 unused grant"), page.count('id="return-unused"')) == (1 + forms, forms)


def test_members_may_not_look_and_strangers_find_nothing(people: Cast) -> None:
    assert as_person(people.bob).get(ADDRESS).status_code == 403
    assert as_person(people.charlie).get(ADDRESS).status_code == 404
    assert as_person(people.ada).get("/costs/teams/nowhere/unused/").status_code == 404


def test_the_window_is_chosen_and_another_is_the_shortest(people: Cast) -> None:
    make_old(people, people.bob, days=50)
    client = as_person(people.alice)
    shown = {
        days: len(client.get(f"{ADDRESS}?days={days}").context["grants"]) for days in ("30", "60", "90", "7")
    }
    assert shown == {"30": 1, "60": 0, "90": 0, "7": 1}
    tabs = client.get(f"{ADDRESS}?days=60").context["windows"]
    assert [parse_qs(urlsplit(one["url"]).query)["days"] for one in tabs if one["current"]] == [["60"]]


def test_a_lead_is_led_here_from_home_and_from_the_costs_of_the_team(people: Cast) -> None:
    for number in range(2):
        make_old(people, people.bob, request=30 + number)
    for address, person in (("/", people.alice), ("/costs/teams/anti-fraud/", people.alice)):
        page = text_of(as_person(person).get(address))
        assert f'href="{ADDRESS}">2 unused grants' in page
    for address, person in (("/", people.bob), ("/costs/teams/anti-fraud/", people.bob), ("/", people.root)):
        assert ADDRESS not in text_of(as_person(person).get(address))


def test_a_lead_of_two_teams_is_told_of_each_by_name(people: Cast) -> None:
    risk = make_team("risk", name="Risk")
    Membership.objects.create(team=risk, person=people.alice, role="lead")
    make_old(people, people.bob)
    make_grant(
        project=make_project("risk-v1", team=risk), members=[people.alice], starts=NOW - timedelta(days=50)
    )
    page = text_of(as_person(people.alice).get("/"))
    assert "Anti-fraud: 1 unused grant" in page
    assert 'href="/costs/teams/risk/unused/">Risk: 1 unused grant' in page


def test_nothing_unused_says_so_in_three_lines(people: Cast) -> None:
    make_pull(make_old(people, people.bob), person=people.bob.label)
    page = text_of(as_person(people.alice).get(ADDRESS))
    assert "All access was used in the last 30 days" in page
    assert "People and grants that are newer than that are not counted. No data yet." in page
    assert "Look at the team’s costs" in page
    assert 'id="return-unused"' not in page


def test_statements_do_not_grow_with_rows(people: Cast) -> None:
    make_old(people, people.bob)
    client = as_person(people.alice)
    before = queries_of(client, ADDRESS)
    for number in range(3):
        make_old(people, people.bob, people.alice, request=20 + number)
    assert queries_of(client, ADDRESS) == before
