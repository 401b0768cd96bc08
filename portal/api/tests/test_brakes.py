"""The API can do what the pages of the brake and of a project's end can."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from grants.directory.testing import make_project
from grants.lifecycle.consequences import end_projects
from grants.lifecycle.models import Grant, Hold
from grants.lifecycle.states import Trigger
from grants.lifecycle.testing import make_grant
from grants.tracker.models import Watch, WindDown

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold(scene, settings):
    settings.BRAKE = {"share": 20, "floor": 2, "window_minutes": 10}
    projects = [make_project(f"p{number}", state="closed") for number in range(3)]
    for project in projects:
        make_grant(project=project, members=[scene.people.bob])
    end_projects(projects=projects, kind=Trigger.CLOSING, by=operator("root"), now=timezone.now())
    return Hold.objects.get()


@pytest.fixture
def done(scene):
    """A project done in Jira, whose access ends in five days."""
    project, now = scene.people.project, timezone.now()
    Watch.objects.create(project=project, kind="issue", key="AF-1", category="done", next_check_at=now)
    WindDown.objects.create(
        project=project,
        reason="AF-1: Done",
        started_at=now,
        due_at=now + timedelta(days=5),
        closed_project=True,
    )
    return project


def test_auditors_read_and_administrators_release(as_, hold):
    (row,) = as_("ada").get("brakes/", state="held").json()["results"]
    assert (row["trigger"], row["grants_counted"], row["share"], len(row["grants"])) == ("closing", 3, 100, 3)
    assert as_("ada").post(f"brakes/{hold.pk}/release/", {"reason": "No"}).status_code == 403
    stale = as_("root").post(f"brakes/{hold.pk}/release/", {"reason": "Over", "grants_counted": 2})
    assert (stale.status_code, stale.json()["code"], stale.json()["context"]) == (
        409,
        "changed",
        {"grants": 3},
    )
    answer = as_("root").post(f"brakes/{hold.pk}/release/", {"reason": "Over", "grants_counted": 3}).json()
    assert (answer["state"], answer["closed_by"], answer["reason"]) == ("released", "Root", "Over")
    assert set(Grant.objects.values_list("status", flat=True)) == {"revoking"}
    assert (
        as_("root").post(f"brakes/{hold.pk}/refuse/", {"reason": "Late"}).json()["code"] == "already_closed"
    )


def test_refused_the_access_stays(as_, hold):
    assert as_("root").post(f"brakes/{hold.pk}/refuse/", {"reason": "A slip"}).json()["state"] == "refused"
    assert set(Grant.objects.values_list("status", flat=True)) == {"active"}


def test_a_lead_sees_and_holds_the_end_of_a_project_and_lets_it_go_on(as_, scene, done):
    path = f"projects/{done.key}/ending/"
    make_grant(project=done, members=[scene.people.bob, scene.people.alice])
    told = as_("alice").get(path).json()
    assert (told["state"], told["preview"]["grants"], told["preview"]["people"]) == ("running", 1, 2)
    until = (timezone.now() + timedelta(days=8)).isoformat()
    held = as_("alice").post(path, {"until": until, "reason": "One more run"}).json()
    assert (held["held_by"], held["reason"], held["ends_at"]) == ("Alice", "One more run", held["held_until"])
    later = (timezone.now() + timedelta(days=30)).isoformat()
    assert as_("alice").post(path, {"until": later, "reason": "More"}).json()["code"] == "too_long"
    assert as_("alice").delete(path).json()["held_until"] is None
    assert as_("bob").get(path).status_code == 403
