"""The contract for scripts: asking, changing, sending and reading requests."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.requests.models import Request
from approvals.requests.testing import make_draft, make_request
from audit.ledger.models import Event
from grants.directory.testing import make_person, make_project, make_team
from portal.api.tests.conftest import problem


@pytest.fixture
def ask(scene):
    return {
        "project": "anti-fraud-v2",
        "images": ["main.registry.test/fraud/base:stable"],
        "role": "viewer",
        "members": ["bob@example.com"],
        "use_case": "Train the fraud model",
        "days": 90,
        "environment": "research",
        "submit": True,
    }


def test_asking_sends_the_request_and_says_who_decides(as_, ask, scene):
    response = as_("alice").post("requests/", ask)
    made = response.json()
    row = Request.objects.get()
    assert response.status_code == 201
    assert (made["id"], made["status"], made["revision"]) == (row.pk, "pending", row.revision)
    assert made["lanes"] == [
        {
            "name": "mlops",
            "status": "waiting",
            "eligible": [{"id": scene.people.mia.pk, "name": "Mia"}],
            "due_at": made["lanes"][0]["due_at"],
            "decisions": [],
        }
    ]
    assert {"rule": "people", "result": "passed", "code": "people_active"}.items() <= made["checks"][
        1
    ].items()
    assert made["checks"][1]["text"] == "1 person, known and active"
    assert (made["project"], made["team"], made["members"]) == (
        "anti-fraud-v2",
        "anti-fraud",
        ["bob@example.com"],
    )
    assert made["images"] == ["main.registry.test/fraud/base:stable"]


def test_asking_without_submit_keeps_a_draft_that_patch_and_submit_finish(as_, ask):
    alice = as_("alice")
    draft = alice.post("requests/", {"project": "anti-fraud-v2", "submit": False}).json()
    assert (draft["status"], draft["lanes"][0]["status"]) == ("draft", "not_asked")
    assert draft["missing"] == ["use_case"]
    rest = {name: ask[name] for name in ("images", "members", "use_case", "days")}
    changed = alice.patch(f"requests/{draft['id']}/", rest | {"revision": draft["revision"]})
    assert (changed.status_code, changed.json()["revision"]) == (200, draft["revision"] + 1)
    sent = alice.post(f"requests/{draft['id']}/submit/", {"revision": changed.json()["revision"]})
    assert (sent.status_code, sent.json()["status"]) == (200, "pending")


def test_a_request_that_cannot_be_sent_leaves_nothing_behind(as_, ask):
    response = as_("alice").post("requests/", ask | {"members": ["nobody@example.com"], "use_case": ""})
    assert problem(response) == (422, "not_sendable")
    blocked = [check for check in response.json()["checks"] if check["result"] == "blocked"]
    assert [check["text"] for check in blocked] == [
        "Not in the directory: nobody@example.com. Correct or remove them"
    ]
    assert response.json()["errors"] == [
        {"field": "use_case", "code": "no_use_case", "detail": "Enter the use case"}
    ]
    assert (Request.objects.count(), Event.objects.filter(kind__startswith="approvals").count()) == (0, 0)


def test_every_fault_of_a_draft_is_told_at_once(as_, ask):
    wrong = ask | {
        "images": ["nonsense here", "main.registry.test/fraud/base:old"],
        "ends": "2027-01-01T00:00:00Z",
    }
    response = as_("alice").post("requests/", wrong)
    assert problem(response) == (422, "bad_fields")
    told = {(fault["field"], fault["code"]) for fault in response.json()["errors"]}
    assert told == {("images.0", "unreadable"), ("images.1", "unknown_tag"), ("ends", "bad_value")}


def test_a_project_of_another_team_is_as_unknown_as_none(as_, ask):
    make_project("other", team=make_team("other"))
    answers = [as_("alice").post("requests/", ask | {"project": key}) for key in ("other", "nowhere")]
    assert [problem(answer) for answer in answers] == [(422, "bad_fields")] * 2
    assert answers[0].json() == answers[1].json()


def test_members_cannot_ask(as_, ask):
    assert problem(as_("bob").post("requests/", ask)) == (403, "not_a_lead")


def test_saving_over_somebody_elses_change_is_refused(as_, scene):
    draft = make_draft(scene)
    alice = as_("alice")
    response = alice.patch(f"requests/{draft.pk}/", {"ticket": "AF-1", "revision": draft.revision - 1})
    assert problem(response) == (409, "stale_revision")
    assert response.json()["context"]["revision"] == draft.revision
    assert response.json()["context"]["changed_by"] == "Alice"


def test_a_sent_request_is_changed_with_a_new_revision(as_, scene):
    sent = make_request(scene)
    response = as_("alice").patch(f"requests/{sent.pk}/", {"days": 10})
    assert (response.status_code, response.json()["revision"]) == (200, sent.revision + 1)
    assert response.json()["days"] == 10


def test_withdraw_nudge_and_clone(as_, scene):
    sent = make_request(scene)
    alice = as_("alice")
    assert alice.post(f"requests/{sent.pk}/nudge/", {}).status_code == 200
    again = alice.post(f"requests/{sent.pk}/nudge/")
    assert problem(again) == (409, "nudged_recently")
    withdrawn = alice.post(f"requests/{sent.pk}/withdraw/", {"reason": "Not needed"})
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    copy = alice.post(f"requests/{sent.pk}/clone/")
    assert (copy.status_code, copy.json()["status"]) == (201, "draft")
    assert copy.json()["members"] == ["bob"]
    assert problem(alice.post(f"requests/{sent.pk}/withdraw/")) == (409, "already_closed")


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 200), ("mia", 200), ("ada", 200), ("charlie", 404), ("sam", 404)]
)
def test_a_sent_request_is_read_by_those_it_concerns(as_, scene, who, status):
    sent = make_request(scene)
    assert as_(who).get(f"requests/{sent.pk}/").status_code == status


def test_lists_are_narrowed_and_paged(as_, scene):
    numbers = [make_request(scene).pk for _ in range(3)]
    draft = make_draft(scene)
    alice = as_("alice")
    first = alice.get("requests/", limit=2, status="pending").json()
    assert [row["id"] for row in first["results"]] == [numbers[2], numbers[1]]
    second = alice.client.get(first["next"]).json()
    assert ([row["id"] for row in second["results"]], second["next"]) == ([numbers[0]], None)
    assert [row["id"] for row in alice.get("requests/", status="draft").json()["results"]] == [draft.pk]


def test_the_inbox_lists_what_waits_for_the_viewer(as_, scene):
    sent = make_request(scene)
    assert [row["id"] for row in as_("mia").get("inbox/").json()["results"]] == [sent.pk]
    assert as_("sam").get("inbox/").json() == {"results": [], "next": None}
    assert problem(as_("alice").get("inbox/")) == (403, "not_an_approver")


@pytest.mark.parametrize("path", ["requests/", "inbox/?view=all"])
def test_lists_cost_the_same_for_one_row_and_for_many(as_, scene, path):
    mia = as_("mia")
    make_request(scene)
    mia.get(path)
    with CaptureQueriesContext(connection) as one:
        mia.get(path)
    for number in range(3):
        make_request(
            scene, members=[scene.people.bob, make_person(f"extra{number}", member_of=[scene.people.team])]
        )
    with CaptureQueriesContext(connection) as many:
        assert len(mia.get(path).json()["results"]) == 4
    assert len(many) == len(one)
