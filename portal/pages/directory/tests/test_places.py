"""Teams and projects: who sees which, settings, and robots shown once."""

import re

import pytest
from django.utils import timezone

from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.models import Project
from grants.directory.testing import cast, make_person, make_project, make_team
from grants.lifecycle.testing import make_grant
from grants.tokens.models import Credential
from grants.tokens.services import create_robot
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db

SETTINGS = {
    "name": "Anti fraud v2",
    "jira_project": "",
    "jira_issue": "",
    "grace_hours": "24",
    "notice_days": "1",
    "max_hold_days": "14",
    "gpu_quota": "0",
    "namespace": "",
    "state": "open",
}


@pytest.fixture
def people():
    return cast()


def rows(person, address):
    return [row.key for row in as_person(person).get(address).context["page"].rows]


def test_teams_and_projects_are_ones_own_or_all(people):
    make_project("vision-1", team=make_team("vision"))
    assert rows(people.bob, "/teams/") == ["anti-fraud"]
    assert rows(people.ada, "/teams/") == ["anti-fraud", "vision"]
    assert rows(people.alice, "/projects/") == ["anti-fraud-v2"]
    assert rows(people.ada, "/projects/?q=vision") == ["vision-1"]
    assert "No teams you may see" in as_person(people.charlie).get("/teams/").text
    assert as_person(people.bob).get("/teams/vision/").status_code == 404
    assert as_person(people.bob).get("/projects/vision-1/").status_code == 404


def test_team_shows_people_places_and_projects(people):
    make_grant(project=people.project, members=[people.bob])
    answer = as_person(people.alice).get("/teams/anti-fraud/")
    assert [(place.person.user_name, place.role) for place in answer.context["places"]] == [
        ("alice", "lead"),
        ("bob", "member"),
    ]
    assert "1 grant" in answer.text


def test_project_without_robots_says_so_to_those_who_would_see_them(people):
    assert "No robots yet." in as_person(people.alice).get("/projects/anti-fraud-v2/").text
    assert (
        "This project has no robot you may see." in as_person(people.bob).get("/projects/anti-fraud-v2/").text
    )


@pytest.mark.parametrize(
    ("hours", "words"), [(0, "access ends at once"), (1, "access ends after 1 hour"), (24, "after 24 hours")]
)
def test_project_says_when_its_access_ends_with_the_issue(people, hours, words):
    Project.objects.filter(pk=people.project.pk).update(jira_issue="AF-1", grace_hours=hours)
    assert words in as_person(people.alice).get("/projects/anti-fraud-v2/").text


def test_robot_is_made_by_the_lead_and_shown_once(people):
    browser = as_person(people.alice)
    answer = browser.post("/projects/anti-fraud-v2/robots/", {"name": "ci", "days": "30"})
    secret = re.search(r"purr_[0-9A-Za-z]{40}", answer.text)[0]
    assert "robot$anti-fraud-v2+ci" in answer.text
    page = browser.get("/projects/anti-fraud-v2/").text
    assert ("robot$anti-fraud-v2+ci" in page, secret in page) == (True, False)


def test_robot_with_a_strange_name_is_refused_at_the_field(people):
    answer = as_person(people.alice).post("/projects/anti-fraud-v2/robots/", {"name": "C I", "days": "30"})
    assert answer.status_code == 422
    assert list(answer.context["robot_form"].errors) == ["name"]


def test_members_neither_make_see_nor_revoke_robots(people):
    now = timezone.now()
    robot, _ = create_robot(project=people.project, name="ci", days=30, by=actor_for(people.alice), now=now)
    browser = as_person(people.bob)
    assert "robot$" not in browser.get("/projects/anti-fraud-v2/").text
    assert browser.post("/projects/anti-fraud-v2/robots/", {"name": "x", "days": "30"}).status_code == 403
    assert browser.post(f"/projects/anti-fraud-v2/robots/{robot.pk}/revoke/").status_code == 403
    assert (
        as_person(people.alice).post(f"/projects/anti-fraud-v2/robots/{robot.pk}/revoke/").status_code == 302
    )
    assert Credential.objects.get().revoked_at is not None


def test_only_administrators_change_settings(people):
    assert as_person(people.alice).get("/projects/anti-fraud-v2/settings/").status_code == 403
    as_person(people.root).post("/projects/anti-fraud-v2/settings/", SETTINGS | {"jira_issue": "AF-12"})
    assert Project.objects.get().jira_issue == "AF-12"


def test_settings_that_cannot_be_saved_are_told_at_their_fields(people):
    answer = as_person(people.root).post(
        "/projects/anti-fraud-v2/settings/", SETTINGS | {"jira_issue": "twelve", "namespace": "No!"}
    )
    assert (answer.status_code, sorted(answer.context["form"].errors)) == (422, ["jira_issue", "namespace"])


def test_closing_a_project_ends_its_access(people):
    grant = make_grant(project=people.project, members=[people.bob])
    as_person(people.root).post("/projects/anti-fraud-v2/settings/", SETTINGS | {"state": "closed"})
    grant.refresh_from_db()
    assert (grant.status, grant.end_reason) == ("revoking", "project_done")
    kinds = [event.kind for event in Event.objects.order_by("sequence")]
    assert kinds == ["grants.project.changed", "grants.grant.project-done"]


@pytest.mark.parametrize("address", ["/teams/", "/projects/", "/teams/anti-fraud/"])
def test_statements_do_not_grow_with_rows(people, address):
    def more():
        for number in range(3):
            team = make_team(f"team{number}")
            make_person(f"lead{number}", leads=[team], member_of=[people.team])
            make_grant(project=make_project(f"p{number}", team=people.team), members=[people.bob])

    assert_constant(as_person(people.ada), address, more)


def test_project_needs_no_more_statements_for_more_grants_and_robots(people):
    def more():
        for name in ("a", "b", "c"):
            make_grant(project=people.project, members=[people.bob])
            create_robot(
                project=people.project, name=name, days=1, by=actor_for(people.alice), now=timezone.now()
            )

    more()
    assert_constant(as_person(people.alice), "/projects/anti-fraud-v2/", more)
