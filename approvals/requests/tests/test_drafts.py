"""Drafts: who may write them, what is kept, and what is told when an answer cannot be."""

from datetime import datetime, timedelta

import pytest

from approvals.requests import services
from approvals.requests.errors import Conflict, DraftFault, NotAllowed, StaleRequest
from approvals.requests.models import Request
from approvals.requests.testing import make_draft, make_request, make_scanned_image
from approvals.requests.types import DraftChanges, ImageChoice
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.testing import make_person, make_project, make_team


@pytest.fixture
def alice(scene, now):
    return {"by": actor_for(scene.people.alice), "now": now}


def change(draft, alice, revision=None, **answers):
    seen = draft.revision if revision is None else revision
    return services.update_draft(request=draft, changes=DraftChanges(**answers), revision=seen, **alice)


def faults(draft, alice, **answers):
    before = Request.objects.get(pk=draft.pk).revision
    with pytest.raises(DraftFault) as caught:
        change(draft, alice, **answers)
    assert Request.objects.get(pk=draft.pk).revision == before
    return caught.value.detail


def test_a_lead_starts_an_empty_draft(scene, alice):
    draft = services.start_draft(requester=scene.people.alice, project=None, **alice)
    assert (draft.status, draft.revision, draft.project, draft.updated_by) == ("draft", 1, None, "Alice")
    assert Event.objects.get().kind == "approvals.request.drafted"


@pytest.mark.parametrize("who", ["bob", "charlie", "mia", "root"])
def test_nobody_but_a_lead_starts_one(scene, now, who):
    person = getattr(scene.people, who)
    with pytest.raises(NotAllowed) as caught:
        services.start_draft(requester=person, project=None, by=actor_for(person), now=now)
    assert caught.value.code == "not_a_lead"
    assert not Event.objects.exists()


def test_a_lead_does_not_ask_for_another_teams_project(scene, alice):
    other = make_project("vision-1", team=make_team("vision"))
    with pytest.raises(NotAllowed) as caught:
        services.start_draft(requester=scene.people.alice, project=other, **alice)
    assert caught.value.code == "not_a_lead"
    fields = faults(make_draft(scene), alice, project=other)["fields"]
    assert fields == {"project": "Choose a project of a team that you lead"}


def test_a_closed_project_is_named_as_the_reason(scene, alice):
    project = scene.people.project
    source = make_draft(scene)
    project.state = "closed"
    project.save(update_fields=["state"])
    for act in (
        lambda: services.start_draft(requester=scene.people.alice, project=project, **alice),
        lambda: services.clone(request=source, **alice),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert (caught.value.code, caught.value.detail) == ("project_closed", {"project": project.key})
    assert faults(source, alice, project=project)["fields"] == {
        "project": "This project is closed. Choose another one"
    }


def test_nobody_starts_a_draft_in_anothers_name(scene, now):
    by = actor_for(scene.people.charlie)
    with pytest.raises(NotAllowed) as caught:
        services.start_draft(requester=scene.people.alice, project=scene.project, by=by, now=now)
    assert caught.value.code == "not_an_editor"


def test_each_save_makes_the_next_revision_and_says_what_changed(scene, alice):
    draft = make_draft(scene)
    draft = change(draft, alice, role="developer", people_text="bob; charlie")
    assert (draft.revision, draft.role) == (3, "developer")
    charlie = scene.people.charlie.label
    assert Event.objects.order_by("sequence").last().detail == {
        "revision": 3,
        "changes": {
            "role": {"before": "viewer", "after": "developer"},
            "members": {"added": [charlie], "removed": []},
        },
    }


def test_answers_that_are_not_given_stay(scene, alice):
    draft = change(make_draft(scene), alice, ticket="FRAUD-7")
    assert (draft.use_case, draft.ticket, draft.days) == ("Train the fraud model", "FRAUD-7", 30)
    assert draft.members.count() == draft.images.count() == 1


def test_days_and_an_end_replace_each_other(scene, alice, now):
    draft = change(make_draft(scene), alice, ends=now + timedelta(days=9))
    assert (draft.days, draft.ends) == (None, now + timedelta(days=9))
    draft = change(draft, alice, days=5)
    assert (draft.days, draft.ends) == (5, None)


def test_a_stale_save_keeps_what_was_typed_and_names_who_was_first(scene, alice, now):
    draft = make_draft(scene)
    colin = make_person("colin", leads=[scene.people.team])
    colins = {"by": actor_for(colin), "now": now}
    change(draft, colins, ticket="FRAUD-8")
    with pytest.raises(StaleRequest) as caught:
        change(draft, alice, revision=2, use_case="Another text")
    error = caught.value
    assert (error.status, error.code) == (409, "stale_revision")
    assert error.detail == {"revision": 3, "changed_by": "Colin", "changed_at": now.isoformat()}
    assert error.changes.use_case == "Another text"
    assert f"(revision 3, by Colin, {now:%H:%M})" in error.message
    assert Request.objects.get(pk=draft.pk).use_case == "Train the fraud model"


@pytest.mark.parametrize("field", ["starts", "ends"])
@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2100-01-01T00:00:00+00:00"]
)
def test_a_time_that_could_not_be_read_again_is_a_fault(scene, alice, field, at):
    detail = faults(make_draft(scene), alice, **{field: datetime.fromisoformat(at)})
    assert detail["fields"] == {field: "Enter a date of this century"}


def test_every_fault_is_told_at_once(scene, alice):
    detail = faults(
        make_draft(scene),
        alice,
        role="owner",
        environment="moon",
        use_case="x" * 2340,
        days=0,
        starts=datetime(2026, 12, 1),  # noqa: DTZ001 - the missing zone is the point
        gpu_hours_per_week=-1,
        people_text="a@example.com\n" * 612,
        images=["main.registry.test/nothing:stable", "%%"],
    )
    assert set(detail["fields"]) == {
        "role",
        "environment",
        "use_case",
        "days",
        "starts",
        "gpu_hours_per_week",
        "people_text",
    }
    words = "This must be 2,000 characters or fewer. You have entered 2,340"
    assert detail["fields"]["use_case"] == words
    assert "500" in detail["fields"]["people_text"]
    assert [(line["line"], line["code"]) for line in detail["images"]] == [
        (1, "unknown_image"),
        (2, "unreadable"),
    ]


def test_both_a_number_of_days_and_an_end_are_not_kept(scene, alice, now):
    detail = faults(make_draft(scene), alice, days=3, ends=now + timedelta(days=3))
    assert detail["fields"] == {"ends": "Choose a number of days or an end date, not both"}


IMAGE_LINES = [
    ("main.registry.test/fraud/base:nope", "unknown_tag"),
    ("main.registry.test/fraud/base@sha256:" + "0" * 64, "unknown_digest"),
    ("main.registry.test/fraud/unknown:stable", "unknown_image"),
    ("other.registry.test/fraud/base:stable", "unknown_host"),
    ("no reference at all", "unreadable"),
    (ImageChoice(987654, "stable"), "unreadable"),
]


@pytest.mark.parametrize(("written", "code"), IMAGE_LINES)
def test_a_line_that_names_no_image_is_told_with_its_number(scene, alice, written, code):
    good = f"{scene.image.reference}:stable"
    lines = faults(make_draft(scene), alice, images=[good, written])["images"]
    assert [(line["line"], line["code"]) for line in lines] == [(2, code)]
    assert lines[0]["written"] in lines[0]["message"]


def test_an_image_named_twice_is_told(scene, alice):
    good = f"{scene.image.reference}:stable"
    lines = faults(make_draft(scene), alice, images=[good, ImageChoice(scene.image.pk, "stable")])["images"]
    assert [(line["line"], line["code"]) for line in lines] == [(2, "named_twice")]


def test_an_image_named_by_digest_stays_at_it(scene, alice, now):
    digest = scene.image.tags.get().version.digest
    draft = change(make_draft(scene), alice, images=[f"{scene.image.reference}@{digest}"])
    sent = services.submit(request=draft, revision=draft.revision, **alice)
    assert [(row.tag, row.digest) for row in sent.images.all()] == [("", digest)]


def test_control_characters_do_not_reach_the_database(scene, alice):
    draft = change(make_draft(scene), alice, use_case="Train\x00 it", people_text="bo\x00b")
    assert draft.use_case == "Train it"
    assert [row.person for row in draft.members.all()] == [scene.people.bob]


def test_a_copy_has_the_same_answers_for_the_person_who_copies(scene, now):
    source = make_request(scene, images=[scene.image, scene.restricted], role="developer")
    colin = make_person("colin", leads=[scene.people.team])
    copy = services.clone(request=source, by=actor_for(colin), now=now)
    assert (copy.requester, copy.status, copy.role, copy.days) == (colin, "draft", "developer", 30)
    assert sorted(row.image_id for row in copy.images.all()) == [scene.image.pk, scene.restricted.pk]
    assert {row.digest for row in copy.images.all()} == {""}
    assert [row.person for row in copy.members.all()] == [scene.people.bob]


def test_a_request_one_may_not_see_is_not_copied(scene, now):
    vera = make_person("vera", leads=[make_team("vision")])
    source, by = make_request(scene), actor_for(vera)
    with pytest.raises(NotAllowed) as caught:
        services.clone(request=source, by=by, now=now)
    assert caught.value.code == "not_an_editor"
    own = services.start_draft(requester=vera, project=None, by=by, now=now)
    with pytest.raises(NotAllowed):
        services.copy_members(request=own, source=source, by=by, now=now)
    assert own.members.count() == 0


def test_members_are_copied_and_looked_up_anew(scene, alice):
    source = make_request(scene, people_lines=["bob", "charlie"])
    charlie = scene.people.charlie
    charlie.active, charlie.disabled_at = False, alice["now"]
    charlie.save()
    draft = services.copy_members(request=make_draft(scene), source=source, **alice)
    assert [(row.raw, row.state) for row in draft.members.all()] == [
        ("bob", "found"),
        ("charlie", "inactive"),
    ]


def test_a_project_that_closed_is_missing_for_sending(scene, alice):
    draft = make_draft(scene, images=[make_scanned_image("fraud/third")])
    scene.project.state = "closed"
    scene.project.save()
    found = services.preview(request=Request.objects.get(pk=draft.pk), now=alice["now"])
    assert ([missing.code for missing in found.missing], found.sendable) == (["project_closed"], False)


def test_a_sent_request_is_no_draft_any_more(scene, alice):
    sent = make_request(scene)
    with pytest.raises(Conflict) as caught:
        change(sent, alice, ticket="FRAUD-9")
    assert caught.value.detail == {"status": "pending"}
