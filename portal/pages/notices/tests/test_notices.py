"""Notifications: grouped by request, read one by one or all, counted in the frame."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grants.directory.testing import cast
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


def tell(person, number, *, request=1, kind=Kind.DECIDED, **params):
    said = {
        "number": f"REQ-{request}",
        "team": "Anti-fraud",
        "project": "V2",
        "outcome": "approved",
        "text": "",
        "actor": "Mia",
        "lane": "mlops",
    }
    return Notification.objects.create(
        recipient=person,
        kind=kind,
        occasion=f"o{number}",
        request_id=request,
        params=said | params,
        created_at=timezone.now() + timedelta(seconds=number),
    )


def test_one_request_is_one_group_newest_first(people):
    for number, request in enumerate([1, 2, 1]):
        tell(people.bob, number, request=request)
    groups = as_person(people.bob).get("/notifications/").context["groups"]
    assert [(group.number, len(group.said)) for group in groups] == [("REQ-1", 2), ("REQ-2", 1)]
    assert groups[0].said[0].subject == "REQ-1 for Anti-fraud: Approved"


def test_a_group_without_a_request_is_not_named_by_our_own_number(people):
    row = tell(people.bob, 1, request=None)
    text = as_person(people.bob).get("/notifications/").content.decode()
    assert f"row-{row.pk}" not in text
    assert 'aria-label=""' not in text


def test_nobody_reads_or_opens_somebody_elses(people):
    row = tell(people.bob, 1)
    browser = as_person(people.root)
    assert browser.get("/notifications/").context["groups"] == []
    assert browser.post(f"/notifications/{row.pk}/").status_code == 404


def test_opening_marks_as_read_and_leads_to_how_things_stand(people):
    row = tell(people.bob, 1)
    answer = as_person(people.bob).post(f"/notifications/{row.pk}/")
    assert answer["Location"] == "/requests/1/"
    row.refresh_from_db()
    assert row.read_at is not None


def test_marking_read_stays_on_the_list_and_all_at_once_too(people):
    first = tell(people.bob, 1)
    tell(people.bob, 2)
    browser = as_person(people.bob)
    assert browser.post(f"/notifications/{first.pk}/", {"stay": "1"})["Location"] == "/notifications/"
    assert browser.get("/notifications/?show=unread").context["unread"] == 1
    assert "Everything is read." in browser.post("/notifications/read/", follow=True).text
    assert "Nothing unread" in browser.get("/notifications/?show=unread").text
    assert "Nothing was unread." in browser.post("/notifications/read/", follow=True).text


def test_unread_are_counted_in_the_frame(people):
    tell(people.bob, 1)
    assert '<span class="count">1</span>' in as_person(people.bob).get("/notifications/").text.replace(
        "\n", ""
    )


def test_empty_page_says_what_is_heard_here(people):
    assert "You hear here when a request needs you" in as_person(people.bob).get("/notifications/").text


def test_statements_do_not_grow_with_rows(people):
    tell(people.bob, 1)
    assert_constant(
        as_person(people.bob), "/notifications/", lambda: [tell(people.bob, n, request=n) for n in (2, 3, 4)]
    )
