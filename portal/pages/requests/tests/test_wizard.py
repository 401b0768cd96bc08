"""Writing a request by plain posts, as without JavaScript."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.testing import TAG, make_draft, make_request, make_scanned_image
from approvals.requests.types import DraftChanges
from grants.directory.actors import actor_for
from grants.directory.testing import make_project
from portal.pages.catalogue.selection import SESSION_KEY
from portal.pages.requests.forms import purpose_of

PROJECT = {"role": "viewer", "environment": "research"}


def step(request, name):
    return reverse("request-step", args=[request.pk, name])


def purpose(**changes):
    today = timezone.localdate().isoformat()
    return {"use_case": "Train", "starts": today, "length": "30", "ends": ""} | changes


def reread(request):
    return Request.objects.get(pk=request.pk)


def test_the_first_step_makes_a_draft_with_the_images_ticked_in_the_catalogue(scene, as_person):
    client = as_person("alice")
    session = client.session
    session[SESSION_KEY] = [scene.image.pk]
    session.save()
    page = client.post(reverse("request-new"), PROJECT | {"project": scene.project.pk})
    draft = Request.objects.get()
    assert (page.status_code, page["Location"]) == (302, step(draft, "images"))
    assert [(row.image, row.tag) for row in draft.images.all()] == [(scene.image, TAG)]
    assert SESSION_KEY not in client.session


def test_opening_the_first_page_makes_nothing_and_preselects_the_only_project(scene, as_person):
    page = as_person("alice").get(reverse("request-new"))
    assert page.context["form"]["project"].value() == scene.project.pk
    assert not Request.objects.exists()


def test_a_first_step_without_answers_says_what_to_select(scene, as_person):
    make_project("other", team=scene.people.team)
    page = as_person("alice").post(reverse("request-new"), {})
    assert page.status_code == 422
    text = page.content.decode()
    assert "<title>Error: Project and role – Purser</title>" in text
    assert text.count("Select the project") == 2
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"use_case": " "}, "use_case", "Enter the use case"),
        ({"length": ""}, "length", "Select how long the team needs access"),
        ({"length": "until"}, "ends", "Enter the end date"),
        ({"starts": ""}, "starts", "Enter the day on which access starts"),
        ({"starts": "2020-01-01"}, "starts", "The start must be today or later"),
        ({"gpu_hours_per_week": "-1"}, "gpu_hours_per_week", "Enter whole hours, 0 or more"),
    ],
)
def test_a_fault_of_the_purpose_stands_at_its_field_and_nothing_is_lost(
    scene, as_person, sent, field, message
):
    draft = make_draft(scene)
    data = purpose(ticket="FRAUD-7", revision=draft.revision) | sent
    page = as_person("alice").post(step(draft, "purpose"), data)
    assert page.status_code == 422
    assert page.context["form"].errors == {field: [message]}
    assert page.context["form"]["ticket"].value() == "FRAUD-7"
    assert reread(draft).revision == draft.revision


def test_an_end_date_of_today_is_refused_with_the_date_of_today(scene, as_person):
    draft, today = make_draft(scene), timezone.localdate()
    data = purpose(length="until", ends=today.isoformat(), revision=draft.revision)
    page = as_person("alice").post(step(draft, "purpose"), data)
    day = f"{today.day} {today:%B %Y}"
    assert page.context["form"].errors["ends"] == [f"End date must be after today, {day}"]


def test_a_later_start_and_an_end_date_are_kept_as_moments_of_those_days(scene, as_person):
    draft, today = make_draft(scene), timezone.localdate()
    starts, ends = today + timedelta(days=2), today + timedelta(days=20)
    data = purpose(starts=starts.isoformat(), length="until", ends=ends.isoformat(), revision=draft.revision)
    page = as_person("alice").post(step(draft, "purpose"), data)
    kept = reread(draft)
    assert page["Location"] == reverse("request-check", args=[draft.pk])
    assert (timezone.localtime(kept.starts).date(), timezone.localtime(kept.ends).date()) == (starts, ends)
    assert (kept.days, purpose_of(kept)["length"]) == (None, "until")


@pytest.mark.parametrize(
    ("extra", "target"), [({}, "images"), ({"return": "check"}, "check"), ({"later": "1"}, "detail")]
)
def test_a_saved_step_leads_on_back_to_the_check_or_to_the_request(scene, as_person, extra, target):
    draft = make_draft(scene)
    data = PROJECT | {"project": scene.project.pk, "revision": draft.revision} | extra
    page = as_person("alice").post(step(draft, "project"), data)
    targets = {
        "images": step(draft, "images"),
        "check": reverse("request-check", args=[draft.pk]),
        "detail": reverse("request-detail", args=[draft.pk]),
    }
    assert page["Location"] == targets[target]


def test_a_stale_form_keeps_the_text_shows_what_is_saved_and_saves_on_the_second_try(scene, as_person):
    draft, client = make_draft(scene), as_person("alice")
    services.update_draft(
        request=draft,
        changes=DraftChanges(use_case="Theirs"),
        revision=draft.revision,
        by=actor_for(scene.people.alice),
        now=timezone.now(),
    )
    data = purpose(use_case="Mine", revision=draft.revision)
    page = client.post(step(draft, "purpose"), data)
    assert page.status_code == 409
    assert ("Use case", "Theirs", "Mine") in page.context["problem"].compare
    assert "This request changed while you were editing (revision 3, by Alice" in page.content.decode()
    assert page.context["form"]["use_case"].value() == "Mine"
    assert f'name="revision" value="{draft.revision + 1}"' in page.content.decode()
    assert client.post(step(draft, "purpose"), data | {"revision": draft.revision + 1}).status_code == 302
    assert reread(draft).use_case == "Mine"


def test_images_are_added_by_search_and_paste_pinned_and_removed(scene, as_person):
    draft, client = make_draft(scene), as_person("alice")
    other = make_scanned_image("vision/yolo", title="YOLO")
    digest = scene.image.tags.get().version.digest
    found = client.get(step(draft, "images"), {"q": "yolo"})
    assert [row["reference"] for row in found.context["found"]] == [f"{other.reference}:{TAG}"]
    data = {"revision": draft.revision, "add": f"{other.reference}:{TAG}"}
    data |= {f"pick-{scene.image.pk}": f"{scene.image.reference}@{digest}"}
    client.post(step(draft, "images"), data)
    assert [(row.image, row.tag, row.digest) for row in draft.images.all()] == [
        (scene.image, "", digest),
        (other, TAG, ""),
    ]
    client.post(step(draft, "images"), {"revision": reread(draft).revision, "remove": scene.image.pk})
    assert [row.image for row in draft.images.all()] == [other]


def test_references_that_name_nothing_are_all_told_and_kept(scene, as_person):
    draft = make_draft(scene)
    text = "main.registry.test/nope:1\nelsewhere.test/x:1"
    data = {"revision": draft.revision, "references": text, "paste": "1"}
    page = as_person("alice").post(step(draft, "images"), data)
    assert page.status_code == 422
    assert [message for _href, message in page.context["errors"]] == [
        "main.registry.test/nope:1 is not in the catalogue",
        "elsewhere.test/x:1 is in a registry that is not in the catalogue",
    ]
    assert page.context["pasted"] == text
    assert draft.images.count() == 1


def test_going_on_without_an_image_asks_for_one(scene, as_person):
    draft = make_draft(scene)
    client = as_person("alice")
    client.post(step(draft, "images"), {"revision": draft.revision, "remove": scene.image.pk})
    page = client.post(step(draft, "images"), {"revision": draft.revision + 1})
    assert (page.status_code, page.context["errors"]) == (
        422,
        [("#id_references", "Choose at least one image")],
    )


def test_a_blocked_and_a_critical_image_are_marked(scene, as_person):
    blocked = make_scanned_image("old/tf", blocked=True)
    scan = scene.image.versions.get().scans.get()
    scan.critical = 2
    scan.save()
    draft = make_draft(scene, images=[scene.image, blocked])
    text = as_person("alice").get(step(draft, "images")).content.decode()
    assert "2 critical findings" in text
    assert "Blocked in a test" in text


def test_changing_a_sent_request_warns_makes_a_revision_and_asks_again(scene, as_person):
    request, client = make_request(scene), as_person("alice")
    assert "Saving makes revision 3" in client.get(step(request, "purpose")).content.decode()
    page = client.post(step(request, "purpose"), purpose(use_case="More", revision=request.revision))
    assert page["Location"] == reverse("request-detail", args=[request.pk])
    assert (reread(request).use_case, reread(request).revision) == ("More", request.revision + 1)


def test_a_change_that_policy_blocks_leaves_a_sent_request_as_it_was(scene, as_person):
    request = make_request(scene)
    data = {"revision": request.revision, "people_text": "nobody@else.where"}
    page = as_person("alice").post(step(request, "members"), data)
    assert page.status_code == 422
    assert page.context["form"].non_field_errors() == [
        "Not in the directory: nobody@else.where. Correct or remove them"
    ]
    assert reread(request).revision == request.revision
    assert [row.raw for row in request.members.all()] == ["bob"]


def test_the_usual_length_is_chosen_until_another_one_is_kept(scene, as_person):
    by, now = actor_for(scene.people.alice), timezone.now()
    fresh = services.start_draft(requester=scene.people.alice, project=scene.project, by=by, now=now)
    client = as_person("alice")
    chosen = [
        client.get(reverse("request-step", args=[draft.pk, "purpose"])).context["form"]["length"].value()
        for draft in (fresh, make_draft(scene, days=60), make_draft(scene, ends=now + timedelta(days=9)))
    ]
    assert chosen == ["90", "60", "until"]
