"""The first page: what needs whom, and what a newcomer reads."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.models import Request
from approvals.requests.testing import approve_all, decide_as, make_draft, make_request, make_scene
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def test_stranger_reads_that_nobody_can_ask_for_them(scene):
    answer = as_person(scene.people.charlie).get("/")
    assert "You are in no team with a lead" in answer.text
    assert "Request access for a team" not in answer.text


def test_member_without_access_reads_whom_to_ask(scene):
    answer = as_person(scene.people.bob).get("/")
    assert "You have no access yet" in answer.text
    assert "<li>Alice</li>" in answer.text


def test_lead_sees_question_request_and_ending_grant(scene):
    asked = make_request(scene)
    decide_as(scene.people.mia, asked, "mlops", "ask", reason="Which data?")
    make_grant(project=scene.project, members=[scene.people.bob], ends=timezone.now() + timedelta(days=3))
    text = as_person(scene.people.alice).get("/").text
    assert f"Answer a question on REQ-{asked.pk}" in text
    assert "Renew or return access for Anti fraud v2" in text
    assert "MLOps asked a question" in text


def test_lead_sees_what_the_team_has_and_what_was_decided(scene):
    request = make_request(scene, members=[scene.people.bob, make_person("mate")])
    approve_all(scene, request)
    answer = as_person(scene.people.alice).get("/")
    work = answer.context["work"]
    assert [(row.people, row.images) for row in work.team] == [(2, ["base"])]
    assert work.decided == [request]
    assert "Nothing here yet" not in answer.text
    assert "?tab=team" in answer.text


def test_access_of_a_project_somebody_else_leads_and_old_news_are_not_shown(scene):
    make_grant(project=make_project("other", team=make_team("vision")))
    make_grant(project=scene.project, members=[scene.people.bob], status="ended")
    old = make_request(scene)
    approve_all(scene, old)
    Request.objects.filter(pk=old.pk).update(decided_at=timezone.now() - timedelta(days=15))
    work = as_person(scene.people.alice).get("/").context["work"]
    assert ([row.grant.project for row in work.team], work.decided) == ([scene.project], [])
    assert as_person(scene.people.bob).get("/").context["work"].team == []


def test_oldest_request_of_the_last_minute_is_just_now(scene):
    make_request(scene)
    text = as_person(scene.people.mia).get("/").text
    assert re.search(r"oldest: <time[^>]*>just now</time>", text)


def test_approver_sees_how_many_wait_and_nobody_else_does(scene):
    make_request(scene)
    assert "Decide on 1 request" in as_person(scene.people.mia).get("/").text
    assert "Decide on" not in as_person(scene.people.sam).get("/").text


def test_member_copies_the_pull_command_of_the_client_remembered(scene):
    grant = make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    browser = as_person(scene.people.bob)
    assert "docker pull main.registry.test/fraud/base:stable" in browser.get("/").text
    browser.get(f"/grants/{grant.pk}/?client=podman")
    assert "podman pull --tls-verify=false main.registry.test/fraud/base:stable" in browser.get("/").text


def test_somebody_not_signed_in_is_led_to_sign_in_and_back(client, db):
    answer = client.get("/grants/?state=all")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/accounts/login/?next=%2Fgrants%2F%3Fstate%3Dall",
    )


def test_fragment_without_a_session_leads_the_whole_page_to_sign_in(client, db):
    answer = client.get(
        "/grants/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/grants/"}
    )
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fgrants%2F"


def test_statements_do_not_grow_with_rows(scene):
    def rows(count):
        for number in range(count):
            make_draft(scene)
            make_request(scene, members=[make_person(f"extra{count}{number}")])
            ends = timezone.now() + timedelta(days=3)
            make_grant(project=scene.project, members=[scene.people.alice], ends=ends)
            approve_all(scene, make_request(scene, members=[make_person(f"done{count}{number}")]))

    rows(1)
    assert_constant(as_person(scene.people.alice), "/", lambda: rows(2))
