"""Access by script: what came of a request, how far it is, and its endings."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tracker.testing import wind_down
from portal.api.tests.conftest import problem


@pytest.fixture
def grant(scene):
    request = make_request(scene)
    approve_all(scene, request)
    return Grant.objects.get(origin=request.label)


def test_a_request_leads_to_its_access_and_every_line_of_it(as_, scene, grant):
    number = int(grant.origin.removeprefix("request:"))
    answer = as_("bob").get("grants/", request=number).json()
    (row,) = answer["results"]
    assert answer["next"] is None
    assert {name: row[name] for name in ("id", "status", "end_reason", "role", "request", "project")} == {
        "id": grant.pk,
        "status": "provisioning",
        "end_reason": "",
        "role": "viewer",
        "request": number,
        "project": "anti-fraud-v2",
    }
    assert (row["members"], row["images"]) == (["bob@example.com"], ["main.registry.test/fraud/base:stable"])
    lines = {(line["target"], line["kind"], line["subject"], line["status"]) for line in row["deliveries"]}
    assert lines == {
        ("main", "image", "fraud/base", "wanted"),
        ("main", "member", scene.people.bob.label, "wanted"),
    }
    assert {(line["attempts"], line["last_error"]) for line in row["deliveries"]} == {(0, "")}


def test_access_is_found_by_project_status_and_person(as_, scene, grant):
    ada = as_("ada")
    make_grant(project=scene.project, status="ended")
    found = [
        [row["id"] for row in ada.get("grants/", **narrowed).json()["results"]]
        for narrowed in (
            {"project": "anti-fraud-v2", "status": "provisioning"},
            {"person": scene.people.bob.pk},
            {"project": "nowhere"},
            {"request": 10**15},
        )
    ]
    assert found == [[grant.pk], [grant.pk], [], []]


def test_the_lead_gives_back_and_nobody_gives_back_twice(as_, grant):
    alice = as_("alice")
    answer = alice.post(f"grants/{grant.pk}/return/", {"note": "Done early"})
    assert (answer.status_code, answer.json()["status"], answer.json()["end_reason"]) == (
        200,
        "revoking",
        "returned",
    )
    again = alice.post(f"grants/{grant.pk}/return/", {})
    assert problem(again)[0] == 409
    assert again.json()["context"]["by"] == "Alice"


def test_revoking_needs_a_reason_and_the_right_person(as_, grant):
    path = f"grants/{grant.pk}/revoke/"
    assert problem(as_("root").post(path, {})) == (400, "bad_fields")
    assert problem(as_("alice").post(path, {"note": "x"})) == (403, "not_allowed")
    answer = as_("sam").post(path, {"note": "Leaked"})
    assert (answer.json()["status"], answer.json()["end_note"]) == ("revoking", "Leaked")


def test_extending_moves_the_end_within_the_cap(as_, grant):
    mia, later = as_("mia"), grant.ends + timedelta(days=10)
    path = f"grants/{grant.pk}/extend/"
    assert mia.post(path, {"ends": later.isoformat()}).status_code == 200
    assert Grant.objects.get(pk=grant.pk).ends == later
    assert problem(mia.post(path, {"ends": (later + timedelta(days=900)).isoformat()})) == (422, "too_long")
    assert problem(as_("alice").post(path, {"ends": (later + timedelta(days=1)).isoformat()})) == (
        403,
        "not_allowed",
    )


def test_failing_lines_are_tried_again_now(as_, scene, grant):
    grant.deliveries.update(failures=3, last_error="The registry did not answer")
    assert as_("alice").post(f"grants/{grant.pk}/retry/").json() == {"lines": 2}
    assert problem(as_("bob").post(f"grants/{grant.pk}/retry/")) == (403, "not_a_lead")


def test_an_end_of_the_project_that_is_to_come_is_told(as_, scene, grant):
    assert as_("bob").get(f"grants/{grant.pk}/").json()["ending"] == ""
    wind_down(scene.project, now=timezone.now())
    told = as_("bob").get(f"grants/{grant.pk}/").json()["ending"]
    assert (told[:15], told[-24:]) == ("Access ends on ", " because of AF-12: Done.")


def test_lists_cost_the_same_for_one_row_and_for_many(as_, scene, grant):
    ada = as_("ada")
    ada.get("grants/")
    with CaptureQueriesContext(connection) as one:
        ada.get("grants/")
    for number in range(3):
        make_grant(project=scene.project, members=[make_person(f"p{number}"), scene.people.bob])
    with CaptureQueriesContext(connection) as many:
        assert len(ada.get("grants/").json()["results"]) == 4
    assert len(many) == len(one)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("revoke", {"note": "Leaked"}),
        ("return", {"note": "Done"}),
        ("extend", {"ends": "2027-03-01T00:00:00Z"}),
    ],
)
def test_a_token_below_admin_changes_nothing_as_administrator(as_, scene, grant, path, told):
    omar = make_person("omar", roles=["administrator", "auditor"])
    address = f"grants/{grant.pk}/{path}/"
    assert problem(as_(omar, "write").post(address, told)) == (403, "not_allowed")
    grant.refresh_from_db()
    assert (grant.status, grant.end_reason) == ("provisioning", "")
    if path != "extend":
        assert as_(omar, "write", "admin").post(address, told).status_code == 200
