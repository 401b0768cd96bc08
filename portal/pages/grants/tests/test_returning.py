"""Giving several grants back at once: what is told before, and what became of each."""

from datetime import timedelta

import pytest

from approvals.requests.testing import make_scene
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db
ADDRESS = "/grants/return/"


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def grants(scene):
    return [make_grant(project=scene.project, members=[scene.people.bob]) for _ in range(2)]


def seen(*grants):
    return {"sel": [grant.pk for grant in grants]} | {
        f"seen-{grant.pk}": grant.ends.isoformat() for grant in grants
    }


def outcomes(answer):
    return {one.grant.pk: one.problem for one in answer.context["outcomes"]}


def test_only_rows_that_the_viewer_may_return_have_a_box(scene, grants):
    ended = make_grant(project=scene.project, members=[scene.people.bob], status="ended")
    lead = as_person(scene.people.alice).get("/grants/?state=all")
    assert {row.grant.pk for row in lead.context["rows"] if row.returnable} == {one.pk for one in grants}
    assert f'id="sel-{ended.pk}"' not in lead.text
    member = as_person(scene.people.bob).get("/grants/")
    assert "Return selected" not in member.text


def test_ticks_stay_when_the_list_refreshes(scene, grants):
    rows = as_person(scene.people.alice).get(f"/grants/?sel={grants[0].pk}").context["rows"]
    assert [row.grant.pk for row in rows if row.ticked] == [grants[0].pk]


def test_page_before_tells_what_is_returned_and_what_is_not(scene, grants):
    ended = make_grant(project=scene.project, members=[scene.people.bob], status="ended")
    keys = [*(one.pk for one in grants), ended.pk]
    answer = as_person(scene.people.alice).get(ADDRESS, {"sel": keys})
    assert "Return access of 2 people" in answer.text
    assert [one.grant.pk for one in answer.context["able"]] == [grants[1].pk, grants[0].pk]
    assert [(one.grant.pk, one.why_not[:28]) for one in answer.context["unable"]] == [
        (ended.pk, "This access has ended alread")
    ]


def test_each_is_returned_with_the_one_note(scene, grants):
    answer = as_person(scene.people.alice).post(ADDRESS, {**seen(*grants), "note": "Done early"})
    assert outcomes(answer) == {grants[0].pk: "", grants[1].pk: ""}
    assert "2 of 2 grants are being returned" in answer.text
    kept = Grant.objects.values_list("status", "end_reason", "end_note")
    assert list(kept) == [("revoking", "returned", "Done early")] * 2


def test_one_that_changed_meanwhile_does_not_keep_the_others(scene, grants):
    first, second = grants
    posted = seen(first, second)
    Grant.objects.filter(pk=first.pk).update(ends=first.ends + timedelta(days=5), changed_by="Mia")
    answer = as_person(scene.people.alice).post(ADDRESS, posted)
    told = outcomes(answer)
    assert told[first.pk].startswith("This access was changed meanwhile (Mia")
    assert told[second.pk] == ""
    assert "1 of 2 grants are being returned" in answer.text
    assert [Grant.objects.get(pk=one.pk).status for one in grants] == ["active", "revoking"]


@pytest.mark.parametrize("shown", ["", "yesterday", "2026-11-20T00:00:00", "2026-13-40T00:00:00Z"])
def test_one_without_the_end_it_was_shown_with_is_not_changed(scene, grants, shown):
    posted = {"sel": [grants[0].pk], f"seen-{grants[0].pk}": shown}
    answer = as_person(scene.people.alice).post(ADDRESS, posted)
    assert outcomes(answer) == {grants[0].pk: "Open the page again and repeat this"}
    assert Grant.objects.get(pk=grants[0].pk).status == "active"


def test_member_changes_nothing_and_reads_why(scene, grants):
    answer = as_person(scene.people.bob).post(ADDRESS, seen(*grants))
    assert set(outcomes(answer).values()) == {"You cannot change this access."}
    assert "Nothing was changed" in answer.text
    assert set(Grant.objects.values_list("status", flat=True)) == {"active"}


def test_grants_of_others_are_not_shown_even_when_asked_for(scene):
    other = make_grant(project=make_project("other", team=make_team("vision")))
    browser = as_person(scene.people.alice)
    assert "No grant is selected" in browser.get(ADDRESS, {"sel": [other.pk, "x"]}).text
    answer = browser.post(ADDRESS, seen(other))
    assert (answer.status_code, "No grant is selected" in answer.text) == (422, True)
    assert Grant.objects.get(pk=other.pk).status == "active"


def test_note_that_is_too_long_is_asked_again_with_everything_kept(scene, grants):
    answer = as_person(scene.people.alice).post(ADDRESS, {**seen(*grants), "note": "x" * 501})
    assert answer.status_code == 422
    assert len(answer.context["able"]) == 2
    assert "x" * 501 in answer.text


def test_statements_do_not_grow_with_rows(scene, grants):
    def more():
        for number in range(3):
            make_grant(project=scene.project, members=[scene.people.bob, make_person(f"mate{number}")])

    more_keys = "&".join(f"sel={grants[0].pk + place}" for place in range(10))
    assert_constant(as_person(scene.people.alice), f"{ADDRESS}?{more_keys}", more)
