"""Who sees which request, what waits for whom, and that lists do not query per row."""

from datetime import timedelta

import pytest

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.selectors import (
    decidable_lanes,
    deciders_of,
    inbox_of,
    may_decide,
    may_edit,
    median_approval_time,
    refusal_for,
    requests_visible_to,
    staff_of,
    waiting_reason,
    waiting_reasons,
    with_parts,
)
from approvals.requests.testing import approve_all, decide_as, make_draft, make_request
from grants.directory.actors import actor_for
from grants.directory.standing import standing_of
from grants.directory.testing import make_person, make_team

WHO = ("alice", "colin", "bob", "charlie", "mia", "sam", "ada", "root", "vera")
EVERYBODY_CONCERNED = {"alice", "colin", "bob", "mia", "ada", "root"}


@pytest.fixture
def viewers(scene):
    extra = {
        "colin": make_person("colin", leads=[scene.people.team]),
        "vera": make_person("vera", leads=[make_team("vision")]),
    }
    return {name: standing_of(extra.get(name) or getattr(scene.people, name)) for name in WHO}


def seen_by(viewers, request):
    return {
        name for name, viewer in viewers.items() if requests_visible_to(viewer).filter(pk=request.pk).exists()
    }


def test_a_draft_is_seen_by_its_requester_and_the_leads_only(scene, viewers):
    assert seen_by(viewers, make_draft(scene)) == {"alice", "colin"}


def test_a_draft_without_a_project_is_its_requesters_own(scene, viewers, now):
    alice = scene.people.alice
    draft = services.start_draft(requester=alice, project=None, by=actor_for(alice), now=now)
    assert seen_by(viewers, draft) == {"alice"}


def test_a_draft_that_was_thrown_away_stays_private(scene, viewers, now):
    draft = make_draft(scene)
    services.withdraw(request=draft, by=actor_for(scene.people.alice), now=now)
    assert seen_by(viewers, draft) == {"alice", "colin"}


def test_a_sent_request_is_seen_by_those_it_concerns(scene, viewers):
    assert seen_by(viewers, make_request(scene)) == EVERYBODY_CONCERNED
    assert seen_by(viewers, make_request(scene, images=[scene.restricted])) == EVERYBODY_CONCERNED | {"sam"}


def test_a_line_that_was_left_out_concerns_nobody(scene, viewers, now):
    draft = make_draft(scene, people_lines=["bob", "charlie"])
    alice = {"by": actor_for(scene.people.alice), "now": now}
    draft = services.repair_line(request=draft, position=2, action="remove", **alice)
    sent = services.submit(request=draft, revision=draft.revision, **alice)
    assert "charlie" not in seen_by(viewers, sent)


def test_nobody_and_disabled_people_see_nothing(scene, now):
    make_request(scene)
    alice = scene.people.alice
    alice.active, alice.disabled_at = False, now
    alice.save()
    assert requests_visible_to(None).count() == requests_visible_to(standing_of(alice)).count() == 0


def test_the_views_of_the_inbox(scene, now):
    mia, sam = standing_of(scene.people.mia), standing_of(scene.people.sam)
    later = make_request(scene, now=now)
    sooner = make_request(scene, images=[scene.restricted], now=now - timedelta(hours=5))
    asked = make_request(scene, now=now - timedelta(hours=9))
    decide_as(scene.people.mia, asked, "mlops", "ask")
    done = approve_all(scene, make_request(scene, now=now - timedelta(hours=9)))
    hers = make_request(scene, members=[scene.people.mia, scene.people.bob], **other_approver(scene))
    make_draft(scene)
    assert list(inbox_of(mia)) == [sooner, later]
    assert set(inbox_of(mia, view="group")) == {sooner, later, hers}
    assert list(inbox_of(mia, view="asked")) == [asked]
    assert list(inbox_of(mia, view="decided")) == [done]
    assert set(inbox_of(mia, view="all")) == {sooner, later, asked, done, hers}
    assert list(inbox_of(sam)) == [sooner]
    with pytest.raises(KeyError):
        inbox_of(mia, view="everything")


def other_approver(scene):
    make_person("max", roles=["approver:mlops"])
    return {}


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "root"])
def test_nothing_waits_for_those_who_do_not_decide(scene, who):
    make_request(scene)
    viewer = standing_of(getattr(scene.people, who))
    assert not inbox_of(viewer).exists()
    assert not inbox_of(viewer, view="group").exists()


def test_what_i_decided_in_one_lane_does_not_wait_for_me_in_the_other(scene):
    olga = make_person("olga", roles=["approver:mlops", "approver:security"])
    request = make_request(scene, images=[scene.restricted])
    assert list(inbox_of(standing_of(olga))) == [request]
    decide_as(olga, request, "mlops")
    assert not inbox_of(standing_of(olga)).exists()
    assert list(inbox_of(standing_of(scene.people.sam))) == [request]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("view", ["mine", "group", "all"])
def test_an_inbox_costs_the_same_for_one_row_and_three(scene, now, rows, view, django_assert_num_queries):
    for _ in range(rows):
        make_request(scene, images=[scene.image, scene.restricted], people_lines=["bob", "charlie"])
    viewer = standing_of(scene.people.mia)
    with django_assert_num_queries(6):
        found = list(inbox_of(viewer, view=view))
        reasons = waiting_reasons(found, now)
        shown = [
            (
                r.people_count,
                r.project.team.name,
                r.requester.name,
                [i.image.reference for i in r.images.all()],
                [d.person.name for lane in r.lanes.all() for d in lane.decisions.all()],
                reasons[r.pk],
            )
            for r in found
        ]
    assert len(shown) == rows
    assert {row[0] for row in shown} == {2}


def test_the_sentence_names_lane_and_number(scene, now):
    request = make_request(scene, images=[scene.restricted], now=now - timedelta(hours=6))
    make_person("stan", roles=["approver:security"])
    assert waiting_reason(request, now).replace("\xa0", " ") == (
        "Waiting 6 hours for MLOps (1 person can decide). Waiting 6 hours for Security (2 people can decide)."
    )
    asked = decide_as(scene.people.sam, request, "security", "ask")
    assert "Security asked a question. The request waits for an answer." in waiting_reason(asked, now)
    assert waiting_reason(make_draft(scene), now) == ""
    assert waiting_reason(make_request(scene, now=now), now) == "Just sent to MLOps (1 person can decide)."


def test_deciders_leave_out_those_who_may_not(scene):
    max_ = make_person("max", roles=["approver:mlops"])
    request = make_request(scene, members=[scene.people.bob, max_])
    assert deciders_of([request]) == {request.pk: {"mlops": [scene.people.mia]}}


def test_the_page_and_the_decision_say_the_same(scene):
    request = make_request(scene, images=[scene.restricted])
    people = scene.people
    told = {
        name: (
            refusal.code if (refusal := may_decide(request, standing_of(getattr(people, name)))) else "may"
        )
        for name in ("alice", "bob", "charlie", "mia", "sam", "ada", "root")
    }
    assert told == {
        "alice": "self_approval",
        "bob": "self_approval",
        "charlie": "not_an_approver",
        "mia": "may",
        "sam": "may",
        "ada": "not_an_approver",
        "root": "not_an_approver",
    }
    assert decidable_lanes(request, standing_of(people.sam)) == ["security"]
    assert (
        refusal_for(request, standing_of(people.mia), "mlops", request.revision + 1).code == "stale_revision"
    )


def test_editing_is_for_the_requester_and_the_leads(scene, viewers):
    request = make_request(scene)
    assert {name for name, viewer in viewers.items() if may_edit(request, viewer)} == {"alice", "colin"}


def test_the_usual_time_is_the_median_of_the_last_twenty(scene, now):
    assert median_approval_time(scene.image) is None
    spans = [timedelta(hours=hours) for hours in (2, 4, 9)]
    for span in spans:
        request = approve_all(scene, make_request(scene))
        Request.objects.filter(pk=request.pk).update(submitted_at=request.decided_at - span)
    assert median_approval_time(scene.image) == timedelta(hours=4)
    assert median_approval_time(scene.restricted) is None


@pytest.mark.parametrize("name", ["mia", "sam", "alice", "charlie"])
def test_what_was_read_for_a_page_says_the_same_as_the_decision_under_the_lock(
    scene, name, django_assert_num_queries
):
    request = make_request(scene, images=[scene.image, scene.restricted])
    decide_as(scene.people.sam, request, "security")
    request = with_parts(Request.objects.filter(pk=request.pk)).get()
    viewer = standing_of(getattr(scene.people, name))
    staff = staff_of([request], viewer)
    with django_assert_num_queries(0):
        read = decidable_lanes(request, viewer, staff), may_decide(request, viewer, staff)
    assert read == (decidable_lanes(request, viewer), may_decide(request, viewer))
    assert read[0] == (["mlops"] if name == "mia" else [])
