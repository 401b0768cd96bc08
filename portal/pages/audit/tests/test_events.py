"""The explorer: who sees which events, what narrows them, and downloads of exactly those."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request, make_scene
from audit.ledger.actors import system
from audit.ledger.models import Event
from audit.ledger.services import audited, record
from grants.directory.actors import actor_for
from portal.pages.audit.names import Named
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    return make_scene()


def note(scene, kind="grants.person.changed", person=None, **where):
    person = person or scene.people.root
    with audited(by=actor_for(person)):
        record(kind, subject=where.pop("subject", "person:99"), **where)


def kinds(answer):
    return [line.event.kind for line in answer.context["lines"]]


def test_auditor_sees_all_lead_their_team_and_member_their_own(scene):
    note(scene, team="vision", project="p")
    note(scene, kind="grants.grant.issued", team="anti-fraud")
    note(scene, kind="grants.role.given", person=scene.people.bob, team="vision")
    assert len(kinds(as_person(scene.people.ada).get("/audit/"))) == 3
    assert kinds(as_person(scene.people.alice).get("/audit/")) == ["grants.grant.issued"]
    assert kinds(as_person(scene.people.bob).get("/audit/")) == ["grants.role.given"]
    assert kinds(as_person(scene.people.charlie).get("/audit/")) == []


def test_filters_narrow_and_stand_as_chips(scene):
    note(scene, subject="grant:1", kind="grants.grant.revoked", detail={"note": "Leaked key"})
    note(scene, subject="grant:2", kind="grants.grant.extended")
    browser = as_person(scene.people.ada)
    assert kinds(browser.get("/audit/?kind=grants.grant&q=leaked")) == ["grants.grant.revoked"]
    assert kinds(browser.get("/audit/?subject=grant:2")) == ["grants.grant.extended"]
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    assert kinds(browser.get(f"/audit/?since={tomorrow}")) == []
    chips = browser.get("/audit/?kind=grants.grant&q=leaked").context["chips"]
    assert chips == [
        ("What happened: Access", "?q=leaked"),
        ("Free text: leaked", "?kind=grants.grant"),
    ]


def test_system_events_are_hidden_when_asked_and_so_they_are_in_the_download(scene):
    note(scene, kind="grants.person.changed")
    with audited(by=system("pulls")):
        record("audit.pulls.sealed", subject="pulls:1-2")
    browser = as_person(scene.people.ada)
    assert kinds(browser.get("/audit/")) == ["audit.pulls.sealed", "grants.person.changed"]
    hidden = browser.get("/audit/?people=on")
    assert kinds(hidden) == ["grants.person.changed"]
    assert (hidden.context["chips"], hidden.context["query"]) == (
        [("Hide system events", "/audit/")],
        [("people", "on")],
    )
    lines = [len(b"".join(browser.post("/audit/export/", wanted).streaming_content).splitlines())
             for wanted in ({"format": "csv"}, {"format": "csv", "people": "on"})]  # fmt: skip
    assert lines == [1 + 2, 1 + 2]
    told = [event.detail["filters"] for event in Event.objects.filter(kind="audit.export.made")]
    assert [sorted(filters) for filters in told] == [["since", "without_system"], ["since"]]


def test_one_hour_of_a_day_is_a_filter(scene):
    note(scene)
    now = timezone.localtime()
    browser, today = as_person(scene.people.ada), f"since={now:%Y-%m-%d}&until={now:%Y-%m-%d}"
    assert kinds(browser.get(f"/audit/?{today}&hour={now.hour}")) == ["grants.person.changed"]
    assert kinds(browser.get(f"/audit/?{today}&hour={(now.hour + 2) % 24}")) == []


def test_unreadable_date_is_an_error_of_its_field(scene):
    answer = as_person(scene.people.ada).get("/audit/?since=soon")
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["since"])


def test_event_tells_what_happened_to_what_and_why(scene):
    note(scene, subject="grant:7", kind="grants.grant.revoked", detail={"note": "Leaked key"})
    line = as_person(scene.people.ada).get("/audit/").context["lines"][0]
    assert (line.title, line.subject, line.reason) == (
        "Access was revoked",
        Named("grant:7", "Grant 7", "/grants/7/"),
        "Leaked key",
    )


def test_event_page_checks_its_place_in_the_log(scene):
    note(scene, detail={"changed": {"language": ["en", "zh-hans"]}})
    note(scene)
    answer = as_person(scene.people.ada).get("/audit/1/")
    assert answer.context["integrity"].sound
    assert answer.context["changes"] == [("language", "en", "zh-hans")]
    assert [line.event.sequence for line in answer.context["related"]] == [2]
    assert "No checkpoint yet" in answer.text


def test_event_of_another_team_is_not_found(scene):
    note(scene, team="vision")
    assert as_person(scene.people.alice).get("/audit/1/").status_code == 404


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_download_holds_exactly_the_events_on_screen_and_is_recorded(scene, form):
    approve_all(scene, make_request(scene))
    browser, wanted = as_person(scene.people.ada), {"kind": "grants.grant"}
    on_screen = [line.event.sequence for line in browser.get("/audit/", wanted).context["lines"]]
    answer = browser.post("/audit/export/", {**wanted, "format": form})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    if form == "csv":
        sequences = [int(line.split(",")[0]) for line in text.splitlines()[1:]]
    else:
        sequences = [json.loads(line)["sequence"] for line in text.splitlines()]
    assert sequences == sorted(on_screen) != []
    assert f'.{form}"' in answer["Content-Disposition"]
    made = Event.objects.get(kind="audit.export.made")
    assert (made.actor, made.detail["count"], made.detail["format"]) == (
        scene.people.ada.label,
        len(on_screen),
        form,
    )


def test_download_stays_within_what_the_viewer_may_see(scene):
    note(scene, team="vision")
    answer = as_person(scene.people.charlie).post("/audit/export/", {"days": "all", "format": "csv"})
    assert len(b"".join(answer.streaming_content).splitlines()) == 1


def test_looking_at_a_download_address_downloads_nothing(scene):
    assert as_person(scene.people.ada).get("/audit/export/").status_code == 405
    assert as_person(scene.people.ada).post("/audit/export/", {"format": "exe"}).status_code == 404


def test_older_events_follow_by_key(scene):
    for _ in range(60):
        note(scene)
    browser = as_person(scene.people.ada)
    first = browser.get("/audit/")
    assert (len(first.context["lines"]), first.context["count"]) == (50, 60)
    second = browser.get(f"/audit/{first.context['older_url']}")
    assert [line.event.sequence for line in second.context["lines"]] == list(range(10, 0, -1))


def test_empty_list_offers_all_time(scene):
    assert "Look at all time" in as_person(scene.people.ada).get("/audit/").text


def test_statements_do_not_grow_with_rows(scene):
    note(scene)
    assert_constant(as_person(scene.people.ada), "/audit/", lambda: [note(scene) for _ in range(3)])
