"""The pages of the brake: seen by those who see everything, decided by administrators with a reason."""

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.directory.testing import cast, make_project
from grants.lifecycle.consequences import end_projects
from grants.lifecycle.models import Grant, Hold
from grants.lifecycle.states import Trigger
from grants.lifecycle.testing import make_grant
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.texts import message_of
from portal.pages.notices.presenters import ICONS
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


@pytest.fixture
def hold(people, settings):
    settings.BRAKE = {"share": 20, "floor": 2, "window_minutes": 10}
    image = make_image("brake/base")
    projects = [make_project(f"p{number}", state="closed") for number in range(3)]
    for project in projects:
        make_grant(project=project, members=[people.bob], images=[image])
    end_projects(projects=projects, kind=Trigger.CLOSING, by=operator("root"), now=timezone.now())
    return Hold.objects.get()


def decide(person, hold, verb, **given):
    answer = {"reason": "A slip", "seen": hold.grants_counted} | given
    return as_person(person).post(f"/brakes/{hold.pk}/{verb}/", answer, follow=True)


def test_the_list_and_the_preview_say_what_waits(people, hold):
    listed = as_person(people.ada).get("/brakes/").text
    assert "Projects closed" in listed
    assert "Held back" in listed
    page = as_person(people.ada).get(f"/brakes/{hold.pk}/")
    assert "3 of 3 live grants (100 percent)" in page.text
    assert [row.effect for row in page.context["rows"]] == ["Its access ends"] * 3
    assert 'id="release"' not in page.text


@pytest.mark.parametrize(
    ("verb", "status", "state"), [("release", "revoking", "released"), ("refuse", "active", "refused")]
)
def test_an_administrator_decides_with_a_reason_and_it_is_recorded(people, hold, verb, status, state):
    page = decide(people.root, hold, verb)
    assert set(Grant.objects.values_list("status", flat=True)) == {status}
    event = Event.objects.get(kind=f"grants.brake.{state}")
    assert (event.actor, event.detail["reason"]) == (people.root.label, "A slip")
    assert "Root" in page.text
    assert 'id="decide"' not in page.text


def test_without_a_reason_or_with_more_than_was_seen_nothing_happens(people, hold):
    assert "Enter a reason" in decide(people.root, hold, "release", reason="").text
    assert "Look again" in decide(people.root, hold, "release", seen=1).text
    assert set(Grant.objects.values_list("status", flat=True)) == {"active"}


def test_administrators_are_told_and_find_it_at_home_and_on_health(people, hold):
    told = Notification.objects.get(kind=Kind.BRAKE_HELD)
    assert told.recipient == people.root
    said = message_of(told, language="en")
    assert said.subject == "The brake holds back the end of 3 grants"
    assert said.body.startswith("Projects closed: 3 grants, 100 % of all, would have ended at once.")
    assert said.url.endswith(f"/brakes/{hold.pk}/")
    assert "Decide on 3 grants that the brake holds back" in as_person(people.root).get("/").text
    assert "Decide on 3 grants" not in as_person(people.ada).get("/").text
    assert "1 decision waits for you" in as_person(people.root).get("/health/").text


def test_every_kind_of_notice_has_an_icon():
    assert set(ICONS) == set(Kind)


def test_statements_do_not_grow_with_rows(people, hold):
    def more():
        for number in range(3):
            project = make_project(f"q{number}", state="closed")
            make_grant(project=project, members=[people.bob])
            end_projects(projects=[project], kind=Trigger.CLOSING, by=operator("root"), now=timezone.now())

    assert_constant(as_person(people.root), f"/brakes/{hold.pk}/", more)
