"""Projects, teams, people, credentials and imports by script."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.directory.models import Person, Project
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tokens.models import Credential
from portal.api.tests.conftest import problem

CSV = "email,name,team,team_role\nnew@example.com,New Person,anti-fraud,member\n"


def test_projects_one_may_ask_for_come_first(as_, scene):
    make_project("aaa-closed", team=scene.people.team, state="closed")
    make_project("zzz-other", team=make_team("other"))
    rows = as_("alice").get("projects/").json()["results"]
    assert [(row["key"], row["name"], row["team"], row["requestable"]) for row in rows] == [
        ("anti-fraud-v2", "Anti fraud v2", "anti-fraud", True),
        ("aaa-closed", "Aaa closed", "anti-fraud", False),
    ]
    assert problem(as_("alice").get("projects/zzz-other/")) == (404, "not_found")


def test_closing_a_project_ends_its_access(as_, scene):
    grant = make_grant(project=scene.project)
    root = as_("root")
    assert root.patch("projects/anti-fraud-v2/", {"gpu_quota": 8}).json()["gpu_quota"] == 8
    assert Grant.objects.get(pk=grant.pk).status == "active"
    assert root.patch("projects/anti-fraud-v2/", {"state": "closed"}).json()["state"] == "closed"
    assert Grant.objects.get(pk=grant.pk).end_reason == "project_done"


def test_settings_of_a_project_are_checked(as_, scene):
    answer = as_("root").patch("projects/anti-fraud-v2/", {"jira_issue": "nonsense"})
    assert problem(answer) == (422, "bad_fields")
    assert [fault["field"] for fault in answer.json()["errors"]] == ["jira_issue"]
    assert problem(as_("alice").patch("projects/anti-fraud-v2/", {"name": "x"})) == (
        403,
        "not_an_administrator",
    )
    assert Project.objects.get().name == "Anti fraud v2"


def test_an_administrators_token_without_the_scope_admin_is_no_administrator(as_, scene):
    answer = as_("root", "write").patch("projects/anti-fraud-v2/", {"name": "x"})
    assert problem(answer) == (404, "not_found")


def test_robots_are_made_listed_and_ended(as_, scene):
    alice, path = as_("alice"), "projects/anti-fraud-v2/robots/"
    made = alice.post(path, {"name": "jobs", "days": 30})
    assert (made.status_code, made.json()["username"]) == (201, "robot$anti-fraud-v2+jobs")
    assert made.json()["secret"].startswith("purr_")
    assert "secret" not in alice.get(path).json()["results"][0]
    assert problem(as_("bob").post(path, {"name": "jobs"})) == (403, "not_a_lead")
    assert problem(alice.post(path, {"name": "Bad Name"})) == (422, "bad_name")
    assert problem(alice.post(path, {"name": "jobs", "days": 91})) == (422, "bad_days")
    assert alice.delete(f"{path}{made.json()['id']}/").status_code == 204
    assert Credential.objects.get().revoked_at is not None


def test_a_pull_token_is_shown_once_and_ended_by_its_owner(as_, scene):
    bob = as_("bob")
    made = bob.post("credentials/", {"hours": 12})
    assert made.status_code == 201
    assert made.json().items() >= {"username": "bob"}.items()
    assert made.json()["secret"].startswith("purp_")
    assert set(made.json()) > {"username", "secret", "expires"}
    path = f"credentials/{made.json()['id']}/"
    assert problem(as_("alice").delete(path)) == (404, "not_found")
    assert problem(as_("ada").delete(path)) == (403, "not_yours")
    assert bob.delete(path).status_code == 204
    assert problem(bob.post("credentials/", {"hours": 721})) == (422, "bad_hours")


def test_people_are_found_within_what_one_may_see(as_, scene):
    names = [row["user_name"] for row in as_("bob").get("people/").json()["results"]]
    assert names == ["alice", "bob"]
    found = as_("ada").get("people/", q="CHARLIE@").json()["results"]
    assert [(row["name"], row["email"], row["teams"]) for row in found] == [
        ("Charlie", "charlie@example.com", [])
    ]
    assert problem(as_("bob").get(f"people/{scene.people.charlie.pk}/")) == (404, "not_found")


def test_a_disabled_person_is_refused_at_once_and_may_come_back(as_, scene):
    root, bob = as_("root"), as_("bob")
    path = f"people/{scene.people.bob.pk}"
    assert root.post(f"{path}/disable/", {"reason": "Left"}).json()["active"] is False
    assert problem(bob.get("me/")) == (401, "bad_token")
    assert root.post(f"{path}/enable/", {}).json()["active"] is True
    own = root.post(f"people/{scene.people.root.pk}/disable/", {"reason": "Oops"})
    assert problem(own) == (403, "own_account")


def test_a_csv_body_is_imported_and_a_dry_run_is_not(as_, scene):
    root = as_("root")
    dry = root.post("directory/import/?dry_run=1", CSV, content_type="text/csv")
    assert (dry.status_code, dry.json()["applied"], dry.json()["created"]) == (200, False, 1)
    assert not Person.objects.filter(user_name="new").exists()
    done = root.post("directory/import/", CSV, content_type="text/csv")
    assert (done.status_code, done.json()["applied"], done.json()["kind"]) == (200, True, "people")
    assert (
        Person.objects.get(addresses__address="new@example.com").memberships.get().team == scene.people.team
    )


def test_a_form_with_a_file_is_imported(as_, scene):
    upload = SimpleUploadedFile("people.csv", CSV.encode(), content_type="text/csv")
    answer = as_("root").client.post("/api/v1/directory/import/", {"file": upload})
    assert (answer.status_code, answer.json()["created"]) == (200, 1)


def test_all_faults_of_a_file_are_told_and_nothing_is_changed(as_, scene):
    wrong = "email,name,team\nnot-an-address,A,anti-fraud\nb@example.com,B,nowhere\n"
    answer = as_("root").post("directory/import/", wrong, content_type="text/csv")
    assert problem(answer) == (422, "import_faults")
    told = [(fault["line"], fault["field"], fault["code"]) for fault in answer.json()["errors"]]
    assert told == [(2, "email", "bad_email"), (3, "team", "unknown_team")]
    assert problem(as_("alice").post("directory/import/", CSV, content_type="text/csv")) == (
        403,
        "not_an_administrator",
    )


def test_teams_name_their_leads(as_, scene):
    (team,) = as_("bob").get("teams/").json()["results"]
    assert team["leads"] == [{"id": scene.people.alice.pk, "name": "Alice"}]
    assert as_("bob").get("teams/anti-fraud/").json() == team


def test_lists_cost_the_same_for_one_row_and_for_many(as_, scene):
    ada = as_("ada")
    for path in ("people/", "projects/", "teams/"):
        ada.get(path)
        with CaptureQueriesContext(connection) as few:
            ada.get(path)
        team = make_team(f"more-{path[:-1]}")
        make_project(f"more-{path[:-1]}", team=team)
        make_person(f"more-{path[:-1]}", leads=[team])
        with CaptureQueriesContext(connection) as many:
            ada.get(path)
        assert len(many) == len(few)
