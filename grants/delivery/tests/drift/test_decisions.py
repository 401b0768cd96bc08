"""What administrators decide: who may, what it covers, what it never covers."""

from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.connectors.base import Entry
from grants.delivery.drift_decisions import ask_for_scan, decide_drift, release_leftovers
from grants.delivery.drift_errors import NotDecidable, NotScannable
from grants.delivery.drift_selectors import drift_of_targets
from grants.delivery.models import Drift, TargetScan
from grants.delivery.services import plan_rows
from grants.directory.actors import actor_for
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant, GrantMember
from grants.lifecycle.services import revoke

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned", "keeper")]


@pytest.fixture
def decide(people, clock):
    def call(row, decision, *, until=None, reason="Because", by="root"):
        return decide_drift(
            drift=row,
            decision=decision,
            until=until,
            reason=reason,
            by=actor_for(getattr(people, by)),
            now=clock.at,
        )

    return call


@pytest.fixture
def less(give, keeper, clock, people, option):
    """Bob's place has one image less than granted; nothing is put right by itself."""
    option(drift="report")
    give("bob")
    clock.work()
    keeper.put("member", people.bob.label, ("image", "team/a"))
    clock.scan()
    return Drift.objects.get()


def refused(call, *args, **kwargs):
    with pytest.raises(NotDecidable) as caught:
        call(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize("who", ["alice", "bob", "ada", "mia", "charlie"])
def test_only_administrators_decide(decide, less, who):
    assert refused(decide, less, "revert", by=who) == "not_an_administrator"


def test_revert_puts_right_though_the_target_only_reports(decide, less, keeper, clock, people, rows):
    assert decide(less, "revert").state == "repairing"
    clock.work()
    assert len(keeper.kept["keeper", "member", people.bob.label].attributes) == 2
    clock.scan()
    assert rows() == [("changed", people.bob.label, "closed")]
    event = Event.objects.get(kind="grants.drift.reverted")
    assert (event.subject, event.project, event.detail["reason"]) == (
        less.label,
        people.project.key,
        "Because",
    )


def test_acceptance_covers_only_what_was_there(decide, less, keeper, clock, people, rows):
    assert decide(less, "adopt").state == "adopted"
    clock.scan()
    assert rows(state="adopted") == [("changed", people.bob.label, "adopted")]
    keeper.put("member", people.bob.label)
    clock.scan()
    assert rows() == [("changed", people.bob.label, "open")]


def test_accepted_place_is_not_put_right_where_others_are(decide, less, keeper, clock, people, option):
    decide(less, "adopt")
    option(drift="repair")
    assert clock.scan().repairing == 0
    assert keeper.kept["keeper", "member", people.bob.label].values("image") == ("team/a",)


def test_ignored_until_its_time_is_over(decide, less, clock, rows, people):
    decide(less, "ignore", until=clock.at + timedelta(days=1))
    clock.scan()
    assert Drift.objects.get().state == "ignored"
    clock.scan(24 * 60)
    assert rows() == [("changed", people.bob.label, "open")]


@pytest.mark.parametrize(
    ("days", "code"), [(None, "until_missing"), (-1, "until_wrong"), (31, "until_wrong")]
)
def test_ignoring_needs_an_end_within_thirty_days(decide, less, clock, days, code):
    until = None if days is None else clock.at + timedelta(days=days)
    assert refused(decide, less, "ignore", until=until) == code
    less.refresh_from_db()
    assert (less.state, less.decision) == ("open", "")


def test_a_reason_is_needed(decide, less):
    assert refused(decide, less, "adopt", reason="  ") == "reason_missing"


@pytest.mark.parametrize("decision", ["adopt", "ignore"])
def test_i1_access_that_no_grant_gives_is_never_accepted(decide, less, keeper, clock, people, decision):
    keeper.put("member", people.bob.label, ("image", "team/a"), ("image", "team/secret"))
    keeper.put("image", "team/left")
    clock.scan()
    more, left = Drift.objects.get(what="changed"), Drift.objects.get(what="leftover")
    until = clock.at + timedelta(days=1)
    assert refused(decide, more, decision, until=until) == "more_than_granted"
    assert refused(decide, left, decision, until=until) == "no_grant_gives_it"


def test_leftover_of_nobody_known_cannot_be_put_right_by_us(decide, less, keeper, clock):
    keeper.put("image", "team/left")
    clock.scan()
    left = Drift.objects.get(what="leftover")
    assert refused(decide, left, "revert") == "nobodys"
    left.refresh_from_db()
    assert (left.state, left.decision) == ("open", "")


def test_known_foreign_entry_is_reported_again_when_it_changes(decide, less, keeper, clock):
    keeper.others = [Entry("keeper", "image", "team/a", (("member", "user:x"),))]
    clock.scan()
    row = Drift.objects.get(what="appeared")
    assert refused(decide, row, "revert") == "not_ours"
    decide(row, "adopt")
    clock.scan()
    row.refresh_from_db()
    assert row.state == "adopted"
    keeper.others = [Entry("keeper", "image", "team/a", (("member", "user:y"),))]
    clock.scan()
    row.refresh_from_db()
    assert row.state == "open"


def test_what_is_over_is_not_decided(decide, less, keeper, clock):
    decide(less, "revert")
    clock.work()
    clock.scan()
    assert refused(decide, less, "adopt") == "over"


def test_revert_ends_the_stop_of_a_fight_and_counts_anew(decide, give, keeper, clock, people):
    give("bob")
    clock.work()
    for _ in range(4):
        keeper.take("image", "team/a")
        clock.scan()
        clock.work()
    row = Drift.objects.get()
    assert row.fought_at is not None
    decide(row, "revert")
    clock.work()
    keeper.take("image", "team/a")
    assert clock.scan().repairing == 1
    row.refresh_from_db()
    assert (row.fought_at, row.state) == (None, "repairing")


@pytest.fixture
def many_left(give, keeper, clock, people, now):
    """Eight places of an ended grant are back, beside the four of one that lives."""
    ended = give("alice", "bob", "charlie", "mia", "sam", at=(0, 1))
    clock.work()
    was = dict(keeper.kept)
    revoke(grant=ended, note="", by=actor_for(people.root), now=now)
    clock.work()
    give("root", at=(2,))
    clock.work()
    keeper.kept = {**was, **keeper.kept}


def test_brake_holds_many_removals_until_a_named_release(many_left, keeper, clock, people, registry, events):
    report = clock.scan()
    assert (report.leftover, report.held, report.repairing) == (7, 7, 0)
    clock.scan()
    assert events().count("grants.drift.held") == 1
    [one] = drift_of_targets()
    assert (one.held, one.attention) == (7, 7)
    by = actor_for(people.root)
    assert release_leftovers(target=registry, reason="Checked", by=by, now=clock.at) == 7
    event = Event.objects.get(kind="grants.drift.released")
    assert (event.actor, event.detail["reason"], event.detail["lines"]) == (people.root.label, "Checked", 7)
    assert clock.scan().repairing == 7
    clock.work()
    assert len(keeper.kept) == 3
    assert refused(release_leftovers, target=registry, reason="Again", by=by, now=clock.at) == "nothing_held"


@pytest.fixture
def crowd(give, clock, keeper):
    """Thirty people of one project, in place."""
    names = [make_person(f"p{n}") for n in range(30)]
    give("bob")
    for person in names:
        GrantMember.objects.create(grant=Grant.objects.get(), person=person)
    plan_rows(grant_id=Grant.objects.get().pk, now=clock.at)
    clock.work()


def test_target_that_shows_little_is_asked_again_before_it_is_believed(crowd, keeper, clock):
    keeper.answers = [[]]
    report = clock.scan()
    assert (report.too_little, report.vanished, keeper.looks) == (False, 0, 2)


def test_so_many_are_put_right_at_once_when_a_target_lost_much(crowd, keeper, clock, option, events):
    option(drift_at_once=10)
    keeper.kept.clear()
    report = clock.scan()
    assert (report.too_little, report.vanished, report.repairing) == (True, 34, 10)
    assert "grants.drift.too-little" in events()
    for _ in range(4):
        clock.work()
        clock.scan()
    assert (len(keeper.kept), Drift.objects.exclude(state="closed").count()) == (34, 0)


def test_asking_for_a_scan_makes_it_due(people, clock, registry):
    ask_for_scan(target=registry, by=actor_for(people.root), now=clock.at)
    assert TargetScan.objects.get().next_at == clock.at
    with pytest.raises(NotDecidable):
        ask_for_scan(target=registry, by=actor_for(people.ada), now=clock.at)
    registry.kind = "distribution"
    with pytest.raises(NotScannable):
        ask_for_scan(target=registry, by=actor_for(people.root), now=clock.at)
