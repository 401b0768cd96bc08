from datetime import timedelta

import pytest
from django.db import connection

from grants.catalogue.models import Registry
from grants.catalogue.testing import make_image
from grants.connectors.errors import NotYet, Permanent, Transient, UnknownOutcome
from grants.delivery import targets
from grants.delivery.models import Attempt, Delivery
from grants.delivery.services import plan_project, renew_rows
from grants.delivery.tests.conftest import BY
from grants.delivery.tests.keeping import ROOM, KeepingConnector, KeepingLayout
from grants.delivery.turns import turn
from grants.directory.testing import make_project
from grants.lifecycle.models import Grant
from grants.lifecycle.services import issue, remove_member, revoke
from grants.lifecycle.types import IssueImage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]


@pytest.fixture
def keeper(monkeypatch):
    connector = KeepingConnector()
    monkeypatch.setattr(targets, "_factories", {"keeping": lambda registry: connector})
    monkeypatch.setattr(targets, "_layouts", {"keeping": lambda registry: KeepingLayout()})
    return connector


@pytest.fixture
def registry(db):
    return Registry.objects.create(
        key="keeper",
        name="Keeper",
        kind="keeping",
        host="keeper.test",
        api_url="http://keeper.test",
        service="k",
    )


@pytest.fixture
def images(registry):
    return [make_image(f"team/{name}", registry=registry) for name in ("a", "b", "c")]


@pytest.fixture
def give(people, images, now, keeper):
    def call(*names, at=(0, 1), **changes):
        said = {
            "project": people.project, "environment": "research", "role": "viewer", "starts": now,
            "ends": now + timedelta(days=90), "origin": f"request:{Grant.objects.count()}",
            "members": [getattr(people, name) for name in names],
            "images": [IssueImage(images[n], "stable") for n in at],
        }  # fmt: skip
        return issue(**said | changes, by=BY, now=now)

    return call


def kept(keeper, kind):
    return {
        key: [value for _, value in entry.attributes]
        for (_, k, key), entry in keeper.kept.items()
        if k == kind
    }


def test_lines_are_people_and_images_and_what_the_project_needs(give, people, now):
    give("alice", "bob")
    found = sorted(Delivery.objects.values_list("kind", flat=True))
    assert found == ["image", "image", "member", "member", ROOM]


def test_everything_is_put_there_and_the_grant_becomes_active(give, people, keeper, work):
    grant = give("alice", "bob")
    assert work() == 5
    grant.refresh_from_db()
    assert grant.status == "active"
    assert kept(keeper, "member") == {
        people.alice.label: ["team/a", "team/b"],
        people.bob.label: ["team/a", "team/b"],
    }


def test_access_shrinks_to_what_the_other_grant_still_gives(give, people, keeper, work, now):
    first, second = give("alice", "bob", at=(0, 1)), give("bob", at=(1, 2))
    work()
    assert kept(keeper, "member")[people.bob.label] == ["team/a", "team/b", "team/c"]
    revoke(grant=first, note="", by=BY, now=now)
    work()
    first.refresh_from_db()
    assert first.status == "ended"
    assert kept(keeper, "member") == {people.bob.label: ["team/b", "team/c"]}
    assert sorted(kept(keeper, "image")) == ["team/b", "team/c"]
    said = Delivery.objects.get(grant=first, key=people.bob.label).detail
    assert said == f"Seen. Kept by grant:{second.pk}."


def test_ended_only_after_the_last_line_was_seen_gone(give, people, keeper, work, now):
    grant = give("alice")
    work()
    keeper.faults[people.alice.label] = [NotYet("Tokens still run.", retry_after=50)]
    revoke(grant=grant, note="", by=BY, now=now)
    work()
    assert Grant.objects.get().status == "revoking"
    row = Delivery.objects.get(key=people.alice.label)
    assert (row.status, row.failures) == ("removed", 0)
    work(60)
    assert (Grant.objects.get().status, keeper.kept) == ("ended", {})


def test_one_who_left_is_taken_out_and_the_rest_stays(give, people, keeper, work, now):
    give("alice", "bob")
    work()
    remove_member(person=people.bob, by=BY, now=now)
    work()
    assert list(kept(keeper, "member")) == [people.alice.label]


def test_own_end_and_next_need_are_kept_with_the_line(give, people, keeper, work, now):
    keeper.ends, keeper.again = now + timedelta(days=90), 3600
    give("alice")
    work()
    row = Delivery.objects.get(kind=ROOM)
    assert (row.status, row.ends_itself_at) == ("verified", keeper.ends)
    assert timedelta(minutes=59) < row.next_attempt_at - now < timedelta(minutes=61)
    keeper.again = None
    keeper.calls.clear()
    assert work(3700) == 4
    row.refresh_from_db()
    assert (row.next_attempt_at, row.status) == (None, "verified")


def test_line_that_fails_when_it_needs_us_again_is_seen_failing(give, keeper, work, people):
    keeper.again = 10
    give("alice")
    work()
    keeper.faults[people.project.key] = [Permanent("No.")]
    work(60)
    row = Delivery.objects.get(kind=ROOM)
    assert (row.status, row.failures, row.last_error) == ("verified", 1, "No.")


def test_unknown_outcome_is_read_back_and_then_converged(give, people, keeper, work):
    keeper.faults[people.alice.label] = [UnknownOutcome("No answer.")]
    give("alice")
    work()
    work(10)
    row = Delivery.objects.get(key=people.alice.label)
    assert (row.status, [call.outcome for call in row.calls.all()]) == ("verified", ["unknown", "done"])


def test_a_call_holds_its_place_and_a_slot_and_no_longer(give, keeper, work, people):
    give("alice")

    def elsewhere(change):
        if change.entry.kind != "member":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2")
            assert cursor.fetchone()[0] == 2

    keeper.before_answer = elsewhere
    work()
    assert Delivery.objects.get(kind="member").status == "verified"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2")
        assert cursor.fetchone()[0] == 0


def test_a_target_is_asked_no_more_often_than_it_allows(registry, now):
    registry.options = {"per_minute": 12}
    pauses = []
    for _ in range(4):
        with turn(registry, "x", now=now) as pause:
            pauses.append(pause)
    assert pauses == [None, None, timedelta(seconds=5), timedelta(seconds=5)]
    with turn(registry, "x", now=now + timedelta(seconds=5)) as pause:
        assert pause is None


def test_intents_and_outcomes_pair_up(give, keeper, work, people, now):
    grant = give("alice", "bob")
    work()
    revoke(grant=grant, note="", by=BY, now=now)
    work()
    assert Attempt.objects.filter(outcome="").count() == 0
    assert Attempt.objects.count() == len(keeper.calls)


def test_a_project_that_changed_is_told_to_targets_and_what_is_not_its_own_any_more_goes(
    give, people, keeper, work, now, monkeypatch
):
    give("alice")
    work()
    people.project.gpu_quota = 8
    people.project.save()
    plan_project(project_id=people.project.pk, now=now)
    work()
    assert kept(keeper, ROOM) == {people.project.key: ["8"]}
    monkeypatch.setattr(KeepingLayout, "room_of", lambda self, holding: f"{holding.project}-2")
    plan_project(project_id=people.project.pk, now=now)
    work(2)
    assert kept(keeper, ROOM) == {f"{people.project.key}-2": ["8"]}
    assert Grant.objects.get().status == "active"


def test_a_grant_that_was_extended_is_applied_again(give, people, keeper, work, now):
    grant = give("alice")
    keeper.ends = grant.ends
    work()
    keeper.ends = grant.ends + timedelta(days=10)
    keeper.calls.clear()
    renew_rows(grant_id=grant.pk, now=now)
    work(2)
    assert len(keeper.calls) == 4
    assert set(Delivery.objects.values_list("ends_itself_at", flat=True)) == {keeper.ends}


@pytest.mark.parametrize("worked", [True, False])
def test_a_place_that_is_the_projects_again_is_made_again_and_ends_with_the_grant(
    give, people, keeper, work, now, monkeypatch, worked
):
    grant = give("alice")
    work()
    first = KeepingLayout.room_of
    monkeypatch.setattr(KeepingLayout, "room_of", lambda self, holding: f"{holding.project}-2")
    plan_project(project_id=people.project.pk, now=now)
    if worked:
        work(2)
    monkeypatch.setattr(KeepingLayout, "room_of", first)
    plan_project(project_id=people.project.pk, now=now)
    work(4)
    assert list(kept(keeper, ROOM)) == [people.project.key]
    assert Delivery.objects.get(kind=ROOM, key=people.project.key).status == "verified"
    revoke(grant=grant, note="", by=BY, now=now)
    work(6)
    assert (Grant.objects.get().status, keeper.kept) == ("ended", {})


def test_a_place_that_went_over_to_another_project_is_not_emptied_by_the_first_ones_late_removal(
    give, people, keeper, work, now, monkeypatch
):
    rooms = {people.project.key: "shared"}
    monkeypatch.setattr(KeepingLayout, "room_of", lambda self, holding: rooms[holding.project])
    late, _ = give("alice"), give("bob")
    work()
    other = make_project("next-model", team=people.project.team)
    rooms |= {people.project.key: "moved", other.key: "shared"}
    keeper.faults["shared"] = [Transient("Down.")]
    plan_project(project_id=people.project.pk, now=now)
    newcomer = give("alice", project=other)
    work(2)
    assert Delivery.objects.get(grant=newcomer, kind=ROOM).status == "verified"
    work(10)
    assert sorted(kept(keeper, ROOM)) == ["moved", "shared"]
    row = Delivery.objects.get(grant=late, key="shared")
    assert (row.status, row.detail) == ("proven", f"Seen. Kept by grant:{newcomer.pk}.")
    revoke(grant=newcomer, note="", by=BY, now=now)
    work(20)
    assert sorted(kept(keeper, ROOM)) == ["moved"]
