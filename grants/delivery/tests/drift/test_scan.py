from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.catalogue.models import Cluster
from grants.connectors.base import Entry
from grants.connectors.errors import Transient
from grants.delivery.drift import scan
from grants.delivery.drift_errors import NotScannable
from grants.delivery.drift_holdings import every_holding
from grants.delivery.drift_reading import wanted_everywhere
from grants.delivery.entries import digest_of, wanted_at
from grants.delivery.holdings import all_holdings, holdings_of_project
from grants.delivery.models import Attempt, Delivery, Drift, Episode, TargetScan
from grants.delivery.signals import drift_changed
from grants.delivery.tests.conftest import BY
from grants.delivery.tests.keeping import ROOM, KeepingLayout
from grants.directory.models import EmailAddress
from grants.directory.testing import make_project
from grants.lifecycle.models import Grant
from grants.lifecycle.services import revoke

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned", "keeper")]


@pytest.fixture
def standing(give, clock):
    """A grant of alice and bob that is in place and was there for a while."""
    grant = give("alice", "bob")
    clock.work()
    return grant


def test_nothing_differs_where_everything_is_in_place(standing, clock, rows):
    report = clock.scan()
    assert (report.wanted, report.there, report.repairing, rows()) == (5, 5, 0, [])


def test_what_delivery_still_works_on_is_no_drift(give, clock, rows):
    give("alice")
    assert clock.scan().wanted == 4
    assert rows() == []


def test_what_was_settled_just_now_is_judged_by_the_next_scan(standing, keeper, clock, rows):
    keeper.take("image", "team/a")
    clock.at -= timedelta(minutes=1)
    assert scan(clock.registry, now=clock.at + timedelta(seconds=5)).vanished == 0
    assert clock.scan(2).vanished == 1


def test_vanished_is_put_back_and_closed_once_seen(standing, keeper, clock, rows, people, events):
    keeper.take("member", people.bob.label)
    assert clock.scan().repairing == 1
    assert rows() == [("vanished", people.bob.label, "repairing")]
    line = Delivery.objects.get(key=people.bob.label)
    assert (line.status, line.next_attempt_at) == ("wanted", clock.at)
    assert clock.scan().repairing == 1
    assert clock.work() == 1
    assert ("keeper", "member", people.bob.label) in keeper.kept
    assert clock.scan().closed == 1
    row = Drift.objects.get()
    assert (row.state, row.closed_at, row.came_back) == ("closed", clock.at, 0)
    assert [kind for kind in events() if "drift" in kind] == ["grants.drift.found", "grants.drift.closed"]
    assert (Grant.objects.get().status, set(Delivery.objects.values_list("status", flat=True))) == (
        "active",
        {"verified"},
    )


def test_changed_is_put_right_and_both_sides_are_kept(standing, keeper, clock, people):
    keeper.put("image", "team/a", ("project", "somebody-else"), ("seen_at", "now"))
    clock.scan()
    row = Drift.objects.get()
    assert (row.what, row.wanted, row.seen) == (
        "changed",
        [["project", people.project.key]],
        [["project", "somebody-else"], ["seen_at", "now"]],
    )
    clock.work()
    assert keeper.kept["keeper", "image", "team/a"].attributes == (("project", people.project.key),)


def test_leftover_is_taken_away_by_a_line_of_the_newest_grant_that_had_it(
    give, keeper, clock, rows, people, now
):
    old, new = give("bob"), give("bob")
    clock.work()
    for grant in (old, new):
        revoke(grant=grant, note="", by=BY, now=now)
    clock.work()
    keeper.put("member", people.bob.label, ("image", "team/a"))
    assert clock.scan().repairing == 1
    assert list(Delivery.objects.filter(status="unwanted").values_list("grant_id", "key")) == [
        (new.pk, people.bob.label)
    ]
    clock.work()
    assert keeper.kept == {}
    newest = Attempt.objects.order_by("-pk").first()
    assert (newest.action, newest.outcome) == ("remove", "done")
    clock.scan()
    assert rows() == [("leftover", people.bob.label, "closed")]
    new.refresh_from_db()
    assert new.status == "ended"


@pytest.mark.parametrize("place", ["image", "member", ROOM])
def test_leftover_that_no_line_stands_for_gets_one(give, keeper, clock, people, now, place):
    grant = give("bob")
    clock.work()
    revoke(grant=grant, note="", by=BY, now=now)
    clock.work()
    key = {"image": "team/a", "member": people.bob.label, ROOM: people.project.key}[place]
    Delivery.objects.filter(kind=place).delete()
    keeper.put(place, key, ("image", "team/a"))
    clock.scan()
    assert Delivery.objects.get(kind=place).status == "unwanted"
    clock.work()
    assert keeper.kept == {}
    assert [call.outcome for call in Delivery.objects.get(kind=place).calls.all()] == ["done"]


def test_leftover_of_nobody_known_stays_open(keeper, clock, rows, people):
    keeper.put("image", "never/granted", ("project", "x"))
    assert clock.scan().repairing == 0
    assert rows() == [("leftover", "never/granted", "open")]
    assert keeper.calls == []


def test_foreign_entries_are_reported_and_never_touched(standing, keeper, clock, rows):
    calls = len(keeper.calls)
    keeper.others = [
        Entry("keeper", "image", "team/a", (("member", "user:x"), ("seen_owner", "terraform"))),
        Entry("keeper", "image", "team/a", (("member", "user:y"),)),
    ]
    clock.scan()
    clock.work()
    assert rows() == [("appeared", "team/a", "open")]
    assert Drift.objects.get().seen == [
        ["member", "user:x"],
        ["member", "user:y"],
        ["seen_owner", "terraform"],
    ]
    assert len(keeper.calls) == calls
    keeper.others = []
    clock.scan()
    assert rows() == [("appeared", "team/a", "closed")]


def test_our_own_change_of_mind_is_no_drift_but_due_again(standing, keeper, clock, rows, people):
    type(people.project).objects.update(gpu_quota=8)
    assert clock.scan().stale == 1
    assert rows() == []
    clock.work()
    assert keeper.kept["keeper", ROOM, people.project.key].first("gpus") == "8"
    assert clock.scan().stale == 0


def test_a_line_whose_place_another_line_changed_stands_for_what_is_there(give, keeper, clock, rows, people):
    first = give("bob", at=(0,))
    clock.work()
    give("bob", at=(1,))
    clock.work()
    there = keeper.kept["keeper", "member", people.bob.label]
    line = Delivery.objects.get(grant=first, kind="member")
    assert line.facts != digest_of(there)
    clock.scan()
    line.refresh_from_db()
    assert (line.facts, rows()) == (digest_of(there), [])


def test_report_waits_for_a_person(standing, keeper, clock, rows, option):
    option(drift="report")
    keeper.take("image", "team/a")
    assert clock.scan().repairing == 0
    assert rows() == [("vanished", "team/a", "open")]
    assert set(Delivery.objects.values_list("status", flat=True)) == {"verified"}


def undo_and_mend(keeper, clock, times):
    for _ in range(times):
        keeper.take("image", "team/a")
        clock.scan()
        clock.work()


def test_place_undone_again_and_again_is_not_repaired_any_more(standing, keeper, clock, rows, events):
    undo_and_mend(keeper, clock, 4)
    row = Drift.objects.get()
    assert (row.state, row.came_back, row.cause, row.fought_at is not None) == ("open", 3, "somebody", True)
    assert ("keeper", "image", "team/a") not in keeper.kept
    assert events().count("grants.drift.fought-over") == 1
    assert clock.scan().repairing == 0
    again = Episode.objects.order_by("pk").values_list("again", flat=True)
    assert list(again) == [False, True, True, True]


def test_place_undone_more_rarely_is_repaired_each_time(standing, keeper, clock):
    for _ in range(5):
        undo_and_mend(keeper, clock, 1)
        clock.scan()
        clock.at += timedelta(hours=13)
    assert Drift.objects.get().fought_at is None
    assert ("keeper", "image", "team/a") in keeper.kept


def test_target_that_does_not_answer_is_due_again_soon(standing, keeper, clock, rows):
    keeper.answers = [Transient("The target is busy.")]
    report = clock.scan()
    scanned = TargetScan.objects.get()
    assert (report.error, scanned.error, scanned.finished_at, rows()) == (
        "The target is busy.",
        "The target is busy.",
        None,
        [],
    )
    assert scanned.next_at - clock.at == timedelta(minutes=2)
    clock.scan()
    assert (TargetScan.objects.get().error, TargetScan.objects.get().there) == ("", 5)


def test_one_scan_of_a_target_at_a_time(standing, clock):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('drift'), hashtext('keeper'))")
        with pytest.raises(NotScannable) as caught:
            clock.scan()
        assert caught.value.code == "scan_running"
    finally:
        other.close()
    assert clock.scan().there == 5


def test_signal_says_once_what_a_scan_found(standing, keeper, clock):
    heard = []

    def listen(target, event, drift_ids, **_kwargs):
        heard.append((target, event, len(drift_ids)))

    drift_changed.connect(listen)
    try:
        keeper.kept.clear()
        clock.scan()
    finally:
        drift_changed.disconnect(listen)
    assert heard == [("keeper", "found", 5)]


def test_wanted_everywhere_is_what_each_place_wants_by_itself(give, registry, clock):
    give("alice", "bob")
    give("bob", at=(1, 2))
    layout = KeepingLayout()
    everywhere = wanted_everywhere(all_holdings(registry), layout)
    lines = Delivery.objects.select_related("grant__project")
    assert everywhere == {(row.kind, row.key): wanted_at(row, registry, layout).entry for row in lines}


@pytest.mark.parametrize("where", ["registry", "cluster"])
def test_holdings_read_by_columns_are_those_read_by_rows(give, registry, people, images, where):
    give("alice", "bob")
    second = give("bob", "mia", at=(1, 2))
    ended = give("sam")
    Grant.objects.filter(pk=ended.pk).update(ends=ended.starts + timedelta(microseconds=1))
    EmailAddress.objects.create(person=people.bob, address="second@example.com", primary=False)
    EmailAddress.objects.filter(person=people.mia).delete()
    images[2].blocked, images[2].blocked_reason = True, "Old"
    images[2].save()
    images[1].blocked, images[1].blocked_reason = True, "Old"
    images[1].save()
    second.images.filter(image=images[1]).update(kept=True)  # the brake holds it
    target = registry if where == "registry" else Cluster.objects.create(key="c", name="C")
    assert every_holding(target) == all_holdings(target)
    assert len(every_holding(target)) == 2
    other = make_project("other", team=people.team)
    Grant.objects.filter(pk=second.pk).update(project=other)
    for one in (second.project, other):
        found = every_holding(target, project=one.pk)
        assert found == holdings_of_project(one, target)
        assert [holding.project for holding in found] == [one.key]


def queries(clock):
    with CaptureQueriesContext(connection) as caught:
        clock.scan()
    return len(caught)


def test_scan_asks_as_often_for_many_places_as_for_few(give, clock, keeper, images):
    give("alice", at=(0,))
    clock.work()
    clock.scan()
    quiet = queries(clock)
    keeper.take("image", "team/a")
    one = queries(clock)
    clock.work()
    clock.scan()
    give("bob", "mia", "sam", at=(1, 2))
    clock.work()
    assert queries(clock) == quiet
    for key in ("team/a", "team/b", "team/c"):
        keeper.take("image", key)
    assert queries(clock) <= one + 6  # one more grant is locked and told


def test_a_strangers_odd_name_does_not_stop_a_scan(standing, keeper, clock, people):
    namespace = "n" * 63
    keeper.others = [
        Entry("keeper", "secret", f"{namespace}/{'x' * 250}{end}", (("seen_owner", "a\x00b"),))
        for end in ("a", "b", "\x00")
    ]
    keeper.take("image", "team/a")
    report = clock.scan()
    assert (report.appeared, report.vanished, report.repairing) == (3, 1, 1)
    keys = Drift.objects.filter(what="appeared").values_list("key", flat=True)
    assert len(set(keys)) == 3
    assert all(len(key) == 255 and key.startswith(f"{namespace}/xxx") for key in keys)
    clock.scan()
    assert Drift.objects.filter(what="appeared", state="open", came_back=0).count() == 3
