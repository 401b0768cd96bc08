"""The Members tab: every person against every image, narrowed, in pages, and as a spreadsheet."""

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.requests.testing import approve_all, decide_as, make_request
from grants.delivery.models import Delivery
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant


@pytest.fixture
def tab(as_person):
    """The Members tab of a request, opened by alice."""
    return lambda request, **wanted: as_person("alice").get(
        reverse("request-detail", args=[request.pk]), {"tab": "members", **wanted}
    )


@pytest.fixture
def approved(scene):
    """Bob and charlie with two images; all is in place but charlie's line failed, and `secret` was only applied."""
    images = [scene.image, scene.restricted]
    request = approve_all(
        scene, make_request(scene, members=[scene.people.bob, scene.people.charlie], images=images)
    )
    lines = Delivery.objects.filter(grant__origin=request.label)
    assert lines.count() == 4
    lines.update(status="verified", next_attempt_at=None)
    now = timezone.now()
    lines.filter(key="fraud/secret").update(status="applied", next_attempt_at=now)
    charlie = lines.filter(key=f"person:{scene.people.charlie.pk}")
    charlie.update(status="wanted", failures=2, next_attempt_at=now)
    return request


def cells(page):
    return {row.name: [cell.code for cell in row.cells] for row in page.context["page"].rows}


def test_a_cell_says_which_line_holds_it_back(approved, tab):
    page = tab(approved)
    assert page.context["columns"] == ["base", "secret"]
    assert cells(page) == {"Bob": ["verified", "applied"], "Charlie": ["failing", "failing"]}


def test_what_is_taken_away_comes_before_what_is_in_place(approved, tab, scene):
    lines = Delivery.objects.filter(grant__origin=approved.label)
    lines.filter(key=f"person:{scene.people.bob.pk}").update(status="removed", next_attempt_at=timezone.now())
    assert cells(tab(approved))["Bob"] == ["removed", "removed"]


def test_without_lines_the_grant_itself_is_told(approved, tab):
    Delivery.objects.all().delete()
    Grant.objects.filter(origin=approved.label).update(status="failed", ended_at=timezone.now())
    assert cells(tab(approved)) == {"Bob": ["failed"] * 2, "Charlie": ["failed"] * 2}


def test_before_approval_every_cell_says_where_the_request_is(scene, tab):
    request = make_request(scene)
    assert cells(tab(request)) == {"Bob": ["pending"]}
    decide_as(scene.people.mia, request, "mlops", "deny", reason="No")
    assert cells(tab(request)) == {"Bob": ["denied"]}


def test_the_matrix_is_narrowed_by_state_and_name(approved, tab):
    page = tab(approved, state="applied")
    assert list(cells(page)) == ["Bob"]
    assert page.context["cell_states"] == [
        ("verified", "In place", False),
        ("applied", "Applied, not yet checked", True),
        ("failing", "Failing", False),
    ]
    assert list(cells(tab(approved, name="CHAR"))) == ["Charlie"]
    assert "No members match" in tab(approved, name="zzz").content.decode()


def test_the_spreadsheet_holds_what_is_shown_of_all_pages(approved, tab):
    answer = tab(approved, name="b", format="csv")
    assert answer["Content-Disposition"] == f'attachment; filename="{approved.number}-members.csv"'
    assert answer.content.decode() == (
        '\ufeffPerson,You wrote,base,secret\r\nBob,bob,In place,"Applied, not yet checked"\r\n'
    )


def test_more_than_fifty_members_are_shown_in_pages(scene, tab):
    people = [make_person(f"p{number:02}") for number in range(60)]
    request = make_request(scene, members=people)
    first, second = tab(request), tab(request, n="50")
    assert (len(cells(first)), len(cells(second))) == (50, 10)
    assert "50 of 60" in first.content.decode()
    assert "60 of 60" in second.content.decode()
    assert first.context["page"].next_url == "?tab=members&n=50"


def test_nobody_else_gets_the_spreadsheet(scene, as_person):
    request = make_request(scene)
    url = f"{reverse('request-detail', args=[request.pk])}?tab=members&format=csv"
    assert [as_person(name).get(url).status_code for name in ("bob", "mia", "charlie", "sam")] == [
        200,
        200,
        404,
        404,
    ]
