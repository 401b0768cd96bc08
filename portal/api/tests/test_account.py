"""Oneself, notifications, API tokens, the pull log and events by script."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request
from audit.ledger.models import Event
from audit.pulls.models import Pull
from portal.accounts.testing import sign_in
from portal.api.tests.conftest import problem


def make_pull(number, **fields):
    now = timezone.now()
    named = {"event_id": str(number), "registry": "main", "at": now, "received_at": now, "action": "pull"}
    return Pull.objects.create(**named | {"counted": True, "repository": "fraud/base"} | fields)


def test_me_says_what_the_token_reaches(as_, scene):
    me = as_("root", "write").get("me/").json()
    assert (me["user_name"], me["email"], me["roles"]) == ("root", "root@example.com", [])
    assert me["token"]["scopes"] == ["write"]
    assert as_("root").get("me/").json()["roles"] == ["administrator"]
    assert as_("mia").get("me/").json()["lanes"] == ["mlops"]
    assert as_("alice").get("me/").json()["teams"] == [{"team": "anti-fraud", "role": "lead"}]


def test_the_language_is_kept_and_answers_speak_it(as_, scene):
    bob = as_("bob")
    assert bob.patch("me/", {"language": "zh-hans"}).json()["language"] == "zh-hans"
    assert bob.get("requests/").headers["Content-Language"] == "zh-hans"
    assert problem(bob.patch("me/", {"language": "tlh"})) == (400, "bad_fields")


def test_tokens_are_made_in_the_browser_only(as_, scene):
    asked = {"name": "nightly", "scopes": ["write"], "days": 30}
    assert problem(as_("alice").post("tokens/", asked)) == (403, "browser_only")
    browser = sign_in(Client(), scene.people.alice)
    made = browser.post("/api/v1/tokens/", asked, content_type="application/json")
    assert (made.status_code, made.json()["scopes"]) == (201, ["write"])
    assert made.json()["secret"].startswith("pur_")
    listed = browser.get("/api/v1/tokens/").json()["results"]
    assert "secret" not in listed[0]
    admin = browser.post("/api/v1/tokens/", asked | {"scopes": ["admin"]}, content_type="application/json")
    assert problem(admin) == (403, "scope_not_held")
    assert browser.delete(f"/api/v1/tokens/{made.json()['id']}/").status_code == 204


def test_the_browsers_session_needs_its_csrf_token_to_change_anything(scene):
    browser = sign_in(Client(enforce_csrf_checks=True), scene.people.alice)
    assert browser.get("/api/v1/me/").status_code == 200
    answer = browser.post("/api/v1/credentials/", {"hours": 1}, content_type="application/json")
    assert problem(answer) == (403, "permission_denied")


def test_notifications_are_listed_and_marked_as_read(as_, scene):
    make_request(scene)
    mia = as_("mia")
    (row,) = mia.get("notifications/", unread=1).json()["results"]
    assert (row["kind"], row["read_at"]) == ("asked", None)
    assert mia.post("notifications/read/", {"ids": [row["id"]]}).json() == {"read": 1}
    assert mia.get("notifications/", unread=1).json()["results"] == []
    assert as_("sam").post("notifications/read/", {}).json() == {"read": 0}


def test_pulls_are_found_by_grant_person_and_project(as_, scene):
    bob = scene.people.bob
    mine = make_pull(1, person=bob.label, person_name="Bob", project="anti-fraud-v2", grant="grant:7")
    make_pull(2, person="person:999", project="other")
    make_pull(3, person=bob.label, project="anti-fraud-v2", grant="grant:7", counted=False)
    (row,) = as_("alice").get("pulls/", grant=7).json()["results"]
    assert (row["id"], row["person"], row["person_name"], row["grant"]) == (mine.pk, bob.label, "Bob", 7)
    assert len(as_("ada").get("pulls/").json()["results"]) == 2
    assert len(as_("bob").get("pulls/", person=bob.pk).json()["results"]) == 1
    assert as_("charlie").get("pulls/").json()["results"] == []
    assert as_("bob").get("pulls/gaps/").json() == {"results": [], "complete": True}
    workload = "workload:main/fraud/trainer"
    make_pull(4, person=workload, project="anti-fraud-v2")
    (row,) = as_("alice").get("pulls/", person=workload).json()["results"]
    assert (row["person"], as_("alice").get("pulls/", person="workload:main").status_code) == (workload, 400)


def test_events_are_filtered_and_paged_by_key(as_, scene):
    request = make_request(scene)
    ada = as_("ada")
    page = ada.get("events/", subject=request.label, limit=1).json()
    assert [row["kind"] for row in page["results"]] == ["approvals.request.submitted"]
    older = ada.client.get(page["next"]).json()
    assert [row["kind"] for row in older["results"]] == ["approvals.request.edited"]
    narrowed = {"actor": scene.people.alice.label, "kind": "approvals.request"}
    assert len(ada.get("events/", **narrowed).json()["results"]) == 3
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert ada.get("events/", since=later).json() == {"results": [], "next": None}


def test_the_history_of_a_request_is_for_those_who_may_open_it(as_, scene):
    request = make_request(scene)
    approve_all(scene, request)
    kinds = [row["kind"] for row in as_("bob").get("events/", subject=request.label).json()["results"]]
    assert "approvals.lane.approved" in kinds
    assert as_("charlie").get("events/", subject=request.label).json()["results"] == []


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_downloads_hold_exactly_the_filtered_events_and_are_recorded(as_, scene, form):
    request = make_request(scene)
    answer = as_("ada").get("events/export/", subject=request.label, format=form)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = (
        list(csv.DictReader(io.StringIO(text)))
        if form == "csv"
        else [json.loads(x) for x in text.splitlines()]
    )
    expected = list(
        Event.objects.filter(subject=request.label).order_by("sequence").values_list("kind", flat=True)
    )
    assert [row["kind"] for row in rows] == expected
    made = Event.objects.filter(kind="audit.export.made").get()
    assert (made.actor, made.detail["format"]) == (scene.people.ada.label, form)
    assert answer.headers["Cache-Control"] == "no-store"
    assert f".{form}" in answer.headers["Content-Disposition"]


def test_export_answers_to_its_own_media_type(as_, scene):
    client = as_("ada").client
    assert client.get("/api/v1/events/export/", headers={"accept": "text/csv"}).status_code == 200
    refused = client.get("/api/v1/events/export/?since=yesterday", headers={"accept": "text/csv"})
    assert problem(refused) == (400, "bad_fields")
