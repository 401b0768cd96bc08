"""Checking, sending and following a request; lists cost the same for one row and three."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.testing import approve_all, decide_as, make_draft, make_request
from approvals.requests.types import DraftChanges
from grants.directory.actors import actor_for
from grants.directory.models import RoleAssignment

TABS = ("summary", "members", "policy", "conversation", "timeline")


def detail(request):
    return reverse("request-detail", args=[request.pk])


def check(request):
    return reverse("request-check", args=[request.pk])


def test_the_check_page_shows_the_answers_policy_and_named_approvers(scene, as_person):
    draft = make_draft(scene, images=[scene.image, scene.restricted])
    page = as_person("alice").get(check(draft))
    assert page.status_code == 200
    assert [(lane.label, lane.names) for lane in page.context["deciding"]] == [
        ("MLOps", ["Mia"]),
        ("Security", ["Sam"]),
    ]
    assert [(row.rule, row.outcome) for row in page.context["policy"]][:2] == [
        ("Duration", "passed"),
        ("People", "passed"),
    ]
    text = page.content.decode()
    assert 'Change <span class="visually-hidden">Members</span>' in text
    assert "Not provided" in text
    assert "Send request for 1 person" in text


def test_sending_leads_to_the_number_and_what_happens_next(scene, as_person):
    draft, client = make_draft(scene), as_person("alice")
    page = client.post(check(draft), {"revision": draft.revision}, follow=True)
    assert page.redirect_chain == [(f"{detail(draft)}?sent=1", 302)]
    assert f"{draft.number} is sent" in page.content.decode()
    assert Request.objects.get(pk=draft.pk).status == "pending"


def test_pressing_send_lists_all_that_blocks_and_what_is_missing(scene, as_person):
    draft = make_draft(scene, members=[], use_case="", people_lines=["nobody@else.where"])
    page = as_person("alice").post(check(draft), {"revision": draft.revision})
    assert page.status_code == 422
    back = "?return=check"
    assert page.context["errors"] == [
        (reverse("request-step", args=[draft.pk, "purpose"]) + back, "Enter the use case"),
        ("#policy-2", "People: Not in the directory: nobody@else.where. Correct or remove them"),
    ]
    row = page.context["policy"][1]
    assert row.fix_url == reverse("request-step", args=[draft.pk, "members"]) + back
    assert Request.objects.get(pk=draft.pk).status == "draft"


def test_a_stale_check_page_is_shown_again_and_not_sent(scene, as_person):
    draft = make_draft(scene)
    page = as_person("alice").post(check(draft), {"revision": 1})
    assert page.status_code == 409
    assert "Somebody else saved first" in page.content.decode()
    assert Request.objects.get(pk=draft.pk).status == "draft"


def test_a_duplicate_is_a_warning_with_a_link(scene, as_person):
    other, draft = make_request(scene), make_draft(scene)
    rows = as_person("alice").get(check(draft)).context["policy"]
    assert [(row.outcome, row.fix_url) for row in rows if row.rule == "Same request"] == [
        ("warning", detail(other))
    ]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("state", ["draft", "pending", "approved", "denied"])
def test_every_tab_of_every_state_is_a_page(scene, as_person, tab, state):
    request = make_draft(scene) if state == "draft" else make_request(scene)
    if state == "approved":
        approve_all(scene, request)
    elif state == "denied":
        decide_as(scene.people.mia, request, "mlops", "deny", reason="Too long")
    page = as_person("alice").get(detail(request), {"tab": tab})
    assert (page.status_code, page.context["status"]) == (200, state)


def test_the_timeline_tells_what_happened_in_order_with_reasons(scene, as_person):
    request = make_request(scene)
    decide_as(scene.people.mia, request, "mlops", "ask", reason="Which data?")
    entries = as_person("alice").get(detail(request), {"tab": "timeline"}).context["timeline"]
    told = [(entry.title, entry.actor) for group in entries for entry in group if not entry.machine]
    assert told == [
        ("Draft started", "Alice"),
        ("Draft changed", "Alice"),
        ("Sent for approval", "Alice"),
        ("MLOps asked a question", "Mia"),
    ]
    assert [entry.said for group in entries for entry in group if entry.said and not entry.machine] == [
        "Which data?"
    ]


def test_a_question_is_shown_and_answered(scene, as_person):
    request, client = make_request(scene), as_person("alice")
    decide_as(scene.people.mia, request, "mlops", "ask", reason="Which data?")
    assert "Read the question and answer it" in client.get(detail(request)).content.decode()
    url = reverse("request-answer", args=[request.pk])
    empty = client.post(url, {"text": " "})
    assert (empty.status_code, empty.context["form"].errors) == (422, {"text": ["Enter your answer"]})
    assert client.post(url, {"text": "Masked"})["Location"] == f"{detail(request)}?tab=conversation"
    assert [message.text for message in request.messages.all()] == ["Which data?", "Masked"]
    assert client.post(url, {"text": "Again"}).status_code == 409


def test_withdrawing_asks_first(scene, as_person):
    request, client = make_request(scene), as_person("alice")
    url = reverse("request-withdraw", args=[request.pk])
    assert "Nobody decides it any more" in client.get(url).content.decode()
    assert client.post(url, {"reason": "Not needed"})["Location"] == detail(request)
    assert Request.objects.get(pk=request.pk).status == "withdrawn"


def test_a_reminder_goes_out_once_a_day_and_the_second_says_why_not(scene, as_person):
    request, client = make_request(scene), as_person("alice")
    url = reverse("request-nudge", args=[request.pk])
    said = [client.post(url, follow=True).context["messages"]._loaded_data for _turn in range(2)]
    assert [str(message) for messages in said for message in messages] == [
        "The approvers were reminded.",
        "The approvers were reminded less than 24 hours ago.",
    ]


def test_the_list_has_own_team_and_visible_requests_and_finds_by_number(scene, as_person):
    draft, request = make_draft(scene), make_request(scene)
    client = as_person("alice")
    assert [row["request"] for row in client.get("/requests/").context["rows"]] == [request, draft]
    found = client.get("/requests/", {"q": request.number.lower(), "state": "pending"}).context["rows"]
    assert [row["request"] for row in found] == [request]
    nothing = client.get("/requests/", {"q": "zzz"}).content.decode()
    assert "No requests match" in nothing
    assert "Clear filters" in nothing
    assert [row["request"] for row in as_person("bob").get("/requests/").context["rows"]] == [request]
    assert "No requests yet" in as_person("charlie").get("/requests/").content.decode()


@pytest.mark.parametrize("name", ["alice", "ada", "mia"])
def test_the_list_costs_the_same_for_one_row_and_three(scene, as_person, name):
    make_request(scene, images=[scene.image, scene.restricted])
    client, figures = as_person(name), []
    client.get("/requests/")
    for more in (0, 2):
        for _turn in range(more):
            make_request(scene, images=[scene.image, scene.restricted])
        with CaptureQueriesContext(connection) as found:
            client.get("/requests/")
        figures.append(len(found))
    assert figures[0] == figures[1]
    assert figures[1] <= 20


def test_the_members_step_costs_the_same_for_one_line_and_three(scene, as_person):
    draft, client, figures = make_draft(scene), as_person("alice"), []
    url = reverse("request-step", args=[draft.pk, "members"])
    client.get(url)
    for text in ("bob", "bob\ncharlie\nmia"):
        services.update_draft(
            request=draft,
            changes=DraftChanges(people_text=text),
            revision=None,
            by=actor_for(scene.people.alice),
            now=timezone.now(),
        )
        with CaptureQueriesContext(connection) as found:
            client.get(url)
        figures.append(len(found))
    assert figures[0] == figures[1]


def test_a_lead_who_may_decide_nothing_of_their_own_sees_no_decide_button(scene, as_person):
    RoleAssignment.objects.create(person=scene.people.alice, role="approver:mlops")
    request = make_request(scene)
    assert "go-decide" not in as_person("alice").get(detail(request)).content.decode()
    assert "go-decide" in as_person("mia").get(detail(request)).content.decode()


@pytest.mark.parametrize("url", ["/requests/", "detail", "detail-conversation"])
def test_a_live_refresh_gets_the_region_it_asks_for(scene, as_person, url):
    request = make_request(scene)
    target = {"detail": detail(request), "detail-conversation": f"{detail(request)}?tab=conversation"}.get(
        url, url
    )
    page = as_person("alice").get(target, headers={"HX-Request": "true"})
    region = "request-list" if url == "/requests/" else "request-state"
    assert f'id="{region}"' in page.content.decode()
    assert "HX-Request" in page["Vary"]
