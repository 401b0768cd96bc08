"""Promise 9, invariant I10: what would end too much at once waits for an administrator."""

from datetime import timedelta

import pytest

from audit.ledger.models import Event
from audit.ledger.services import audited
from grants.catalogue.testing import make_image
from grants.directory.actors import actor_for
from grants.directory.testing import make_person, make_project
from grants.lifecycle.access import live_access
from grants.lifecycle.brake_rules import Limits, Loss, grants_hit, is_too_much
from grants.lifecycle.consequences import end_projects, image_going, people_leaving
from grants.lifecycle.errors import BrakeConflict, BrakeInvalid, BrakeRefused
from grants.lifecycle.holds import drop_lines, due_lines, refuse, release
from grants.lifecycle.models import Grant, Hold, TriggerLine
from grants.lifecycle.services import end_image, remove_member
from grants.lifecycle.states import Trigger
from grants.lifecycle.testing import make_grant
from grants.lifecycle.windows import advance, expire

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def small(settings):
    """More than a fifth of the live grants, and more than two."""
    settings.BRAKE = {"share": 20, "floor": 2, "window_minutes": 10}


@pytest.fixture
def root(people):
    return actor_for(people.root)


@pytest.fixture
def projects(people):
    """Ten projects of one grant each."""
    made = [make_project(f"p{number}", team=people.team, state="closed") for number in range(10)]
    image = make_image("brake/base")
    for project in made:
        make_grant(project=project, members=[people.bob], images=[image])
    return made


@pytest.fixture
def kinds_of():
    return lambda prefix="": list(
        Event.objects.filter(kind__startswith=prefix).order_by("sequence").values_list("kind", flat=True)
    )


def statuses():
    return sorted(Grant.objects.values_list("status", flat=True))


def end(projects, by, now, kind=Trigger.CLOSING, **more):
    return end_projects(projects=projects, kind=kind, by=by, now=now, **more)


@pytest.mark.parametrize(
    ("counted", "live", "much"),
    [(10, 11, False), (11, 55, False), (11, 54, True), (0, 0, False), (200, 200, True)],
)
def test_too_much_is_more_than_the_share_and_more_than_the_floor(counted, live, much):
    assert is_too_much(counted=counted, live=live, limits=Limits(share=20, floor=10)) is much


def test_a_grant_counts_when_it_ends_or_loses_half_its_people_or_images():
    parts = {
        grant: {("person", 1), ("person", 2), ("person", 3), ("image", 1), ("image", 2)}
        for grant in (1, 2, 3)
    }
    losses = [Loss(1, person_id=1), Loss(2, person_id=1), Loss(2, person_id=2), Loss(3, image_id=1), Loss(4)]
    assert grants_hit(losses, parts) == {2, 3, 4}


def test_one_run_over_many_projects_counts_together_and_waits(projects, by, now, kinds_of):
    followed = end(projects[:3], by, now)
    assert (followed.ended, followed.held, statuses()) == (0, 3, ["active"] * 10)
    hold = Hold.objects.get()
    assert (hold.kind, hold.state, hold.grants_counted, hold.grants_live, hold.share) == (
        "closing",
        "held",
        3,
        10,
        30,
    )
    assert hold.subject == "project:p0, project:p1, project:p2"
    assert kinds_of() == ["grants.brake.held"]


def test_what_is_no_more_than_the_floor_ends_unasked(projects, by, now):
    assert end(projects[:2], by, now).ended == 2
    assert not Hold.objects.exists()


def test_single_triggers_count_together_within_the_window_and_share_one_hold(projects, by, now, kinds_of):
    for number, project in enumerate(projects[:5]):
        end([project], by, now + number * MINUTE)
    hold = Hold.objects.get()
    assert (Grant.objects.filter(status="revoking").count(), hold.lines.count()) == (2, 3)
    assert kinds_of("grants.brake") == ["grants.brake.held", "grants.brake.grown", "grants.brake.grown"]
    assert (hold.grants_counted, hold.grown_at) == (3, now + 4 * MINUTE)


def test_after_the_window_small_endings_happen_again_and_kinds_count_apart(projects, by, now):
    end(projects[:2], by, now)
    end(projects[2:4], by, now, kind=Trigger.JIRA)
    end(projects[4:6], by, now + 11 * MINUTE)
    assert (Grant.objects.filter(status="revoking").count(), Hold.objects.count()) == (6, 0)


def test_what_the_same_run_ends_next_counts_before_the_first_ends(projects, by, now):
    soon = list(Grant.objects.filter(project__in=projects[1:4]).values_list("pk", flat=True))
    assert end(projects[:1], by, now, soon=soon).held == 1


def test_the_same_ending_again_waits_where_it_waits_already(projects, by, now, kinds_of):
    for _ in range(2):
        assert end(projects[:3], by, now + 60 * MINUTE * _).held == 3
    assert (Hold.objects.count(), TriggerLine.objects.count(), len(kinds_of())) == (1, 3, 1)


def test_released_by_an_administrator_it_is_finished_and_recorded(projects, by, now, root, people, kinds_of):
    end(projects[:3], by, now)
    done = release(hold=Hold.objects.get(), reason="The projects are over", by=root, now=now + MINUTE, seen=3)
    assert (done.state, done.closed_by, done.reason) == ("released", "Root", "The projects are over")
    assert statuses() == ["active"] * 7 + ["revoking"] * 3
    assert kinds_of()[1:] == ["grants.grant.project-done"] * 3 + ["grants.brake.released"]
    event = Event.objects.get(kind="grants.brake.released")
    assert (event.actor, event.detail["ended"], event.subject) == (people.root.label, 3, done.label)
    assert set(Grant.objects.filter(status="revoking").values_list("end_note", flat=True)) == {
        "The projects are over"
    }


def test_refused_the_access_stays_until_its_own_end(projects, by, now, root):
    end(projects[:3], by, now)
    hold = refuse(hold=Hold.objects.get(), reason="A slip", by=root, now=now)
    assert (hold.state, statuses()) == ("refused", ["active"] * 10)
    grant = hold.lines.first().grant
    Grant.objects.filter(pk=grant.pk).update(ends=now - MINUTE / 60)
    assert expire(grant.pk) is True


@pytest.mark.parametrize("act", [release, refuse])
def test_only_a_named_administrator_with_a_reason_decides_once(act, projects, by, now, root, people):
    end(projects[:3], by, now)
    hold = Hold.objects.get()
    for actor in (by, *(actor_for(getattr(people, name)) for name in ("alice", "sam", "ada", "charlie"))):
        with pytest.raises(BrakeRefused):
            act(hold=hold, reason="Because", by=actor, now=now)
    with pytest.raises(BrakeInvalid):
        act(hold=hold, reason=" ", by=root, now=now)
    act(hold=hold, reason="Because", by=root, now=now)
    with pytest.raises(BrakeConflict) as caught:
        act(hold=hold, reason="Because", by=root, now=now)
    assert caught.value.code == "already_closed"


def test_more_than_was_seen_is_not_released(projects, by, now, root):
    end(projects[:3], by, now)
    end(projects[3:4], by, now)
    with pytest.raises(BrakeConflict) as caught:
        release(hold=Hold.objects.get(), reason="Because", by=root, now=now, seen=3)
    assert (caught.value.code, caught.value.detail, statuses()) == ("changed", {"grants": 4}, ["active"] * 10)


def test_what_has_lost_its_cause_is_left_alone(projects, by, now, root):
    end(projects[:3], by, now)
    hold = Hold.objects.get()
    projects[0].state = "open"
    projects[0].save(update_fields=["state"])
    assert due_lines(hold).count() == 2
    release(hold=hold, reason="Because", by=root, now=now)
    assert Grant.objects.get(project=projects[0]).status == "active"


def test_a_hold_left_with_nothing_is_refused_by_itself(projects, by, now):
    end(projects[:3], by, now, kind=Trigger.JIRA)
    with audited(by=by):
        for project in projects[:3]:
            drop_lines(kind=Trigger.JIRA, project=project, reason="Re-opened", by=by, now=now)
    hold = Hold.objects.get()
    assert (hold.state, hold.reason, hold.lines.count()) == ("refused", "Re-opened", 0)


def test_a_blocked_image_goes_on_where_the_brake_holds_it(projects, by, now, root, people):
    image = Grant.objects.first().images.get().image
    image.blocked, image.blocked_reason = True, "Old"
    image.save(update_fields=["blocked", "blocked_reason"])
    assert image_going(image=image, by=by, now=now).held == 10
    assert advance().repaired == 0
    assert len(live_access(person_id=people.bob.pk)) == 10
    release(hold=Hold.objects.get(), reason="It is bad", by=root, now=now)
    assert (live_access(person_id=people.bob.pk), statuses()) == ([], ["revoking"] * 10)


def test_security_and_single_people_pass_the_brake(projects, by, now, people):
    image = Grant.objects.first().images.get().image
    assert end_image(image=image, by=by, now=now) == 10
    for number in range(5):
        make_grant(project=projects[number], members=[people.bob])
    assert remove_member(person=people.bob, by=by, now=now) == 5
    assert not Hold.objects.exists()


def test_people_whom_a_run_makes_leave_wait_together(projects, by, now, root, people):
    gone = [make_person(f"gone{number}", member_of=[people.team]) for number in range(3)]
    for person in gone:
        make_grant(project=projects[0], members=[person])
    stays = make_grant(project=projects[0], members=[people.alice, people.charlie, gone[0]])
    waiting = people_leaving(disabled=[p.pk for p in gone], left=[], source="import", by=by, now=now)
    assert waiting == {p.pk for p in gone}
    hold = Hold.objects.get()
    assert (hold.grants_counted, hold.subject) == (3, "directory:import")
    release(hold=hold, reason="They left", by=root, now=now)
    assert [type(p).objects.get(pk=p.pk).active for p in gone] == [False] * 3
    assert (Grant.objects.get(pk=stays.pk).status, stays.members.filter(removed_at=None).count()) == (
        "active",
        2,
    )
    assert Grant.objects.filter(status="revoking").count() == 3


def test_one_person_at_a_time_who_loses_a_team_still_adds_up(by, now, people):
    crowd = [make_person(f"many{number}") for number in range(8)]
    project = make_project("many", team=people.team)
    for _ in range(3):
        make_grant(project=project, members=crowd)
    held = [
        people_leaving(disabled=[], left=[(person.pk, people.team.pk)], source="sign-in", by=by, now=now)
        for person in crowd
    ]
    assert [bool(waiting) for waiting in held] == [False] * 3 + [True] * 5
    assert Hold.objects.count() == 1


def test_who_leaves_while_a_brake_stands_joins_it_and_whoever_leaves_ten_minutes_later_does_not(
    projects, by, now, people, kinds_of
):
    gone = [make_person(f"gone{number}", member_of=[people.team]) for number in range(6)]
    for person in gone:
        make_grant(project=projects[0], members=[person])

    def leave(*who, at):
        left = [(person.pk, people.team.pk) for person in who]
        return len(people_leaving(disabled=[], left=left, source="sign-in", by=by, now=at))

    assert leave(*gone[:4], at=now) == 4
    assert leave(gone[4], at=now + 9 * MINUTE) == 1
    assert (Hold.objects.get().grants_counted, kinds_of("grants.brake")[-1]) == (5, "grants.brake.grown")
    assert leave(gone[5], at=now + 20 * MINUTE) == 0
    assert (Hold.objects.count(), Hold.objects.get().state) == (1, "held")
