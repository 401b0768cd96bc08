from datetime import timedelta

import pytest

from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.connectors.errors import NotYet, Permanent, Transient, UnknownOutcome
from grants.delivery.models import Attempt, Delivery
from grants.delivery.selectors import deliveries_of, overdue, progress
from grants.delivery.services import catch_up
from grants.delivery.tasks import lanes, sweep, wake
from grants.delivery.tests.conftest import BY
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from grants.lifecycle.services import issue, remove_member, revoke
from grants.lifecycle.testing import make_grant
from grants.lifecycle.types import IssueImage
from grants.lifecycle.windows import advance

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]


@pytest.fixture
def grant(people, image, now, connector):
    return issued(people, [image], now)


def issued(people, images, now, **changes):
    asked = {
        "members": [people.alice, people.bob],
        "role": "viewer",
        "starts": now,
        "ends": now + timedelta(days=90),
        "origin": f"request:{Grant.objects.count()}",
    }
    lines = [IssueImage(image, "stable") for image in images]
    where = {"project": people.project, "environment": "research"}
    return issue(**where, **asked | changes, images=lines, by=BY, now=now)


def keys(people, *names):
    return [getattr(people, name).label for name in names]


def test_issue_makes_m_and_n_lines_not_m_times_n(people, now, connector):
    issued(people, [make_image(f"fraud/{n}") for n in range(3)], now)
    assert Delivery.objects.count() == 2 + 3
    assert set(Delivery.objects.values_list("status", flat=True)) == {"wanted"}


def test_work_verifies_every_line_and_the_grant_becomes_active(grant, work, connector, events, outcomes):
    assert work() == 3
    grant.refresh_from_db()
    assert grant.status == "active"
    assert outcomes() == [("apply", "done")] * 3
    assert len(connector.calls) == 3
    assert events() == ["grants.grant.issued", *["grants.delivery.verified"] * 3, "grants.grant.activated"]
    assert work() == 0


def test_member_entry_names_the_images_and_actions(people, image, now, connector, work):
    issued(people, [image, make_image("fraud/x")], now, members=[people.bob], role="developer")
    work()
    entry = next(e for e in connector.entries if e.kind == "member")
    assert (entry.key, entry.values("image")) == (people.bob.label, ("fraud/base", "fraud/x"))
    assert entry.values("action") == ("pull", "push")
    assert next(e for e in connector.entries if e.kind == "image").first("tag") == "stable"


def test_one_poisoned_line_is_shown_and_stops_neither_the_rest_nor_the_grant(people, grant, work, connector):
    bob = people.bob.label
    connector.faults[bob] = [Permanent("No."), Permanent("No."), Permanent("No.")]
    work()
    grant.refresh_from_db()
    found = progress(grant)
    assert (grant.status, found.people_ready, found.people) == ("active", 1, 2)
    assert [(row.key, row.last_error, row.failures) for row in found.attention] == [(bob, "No.", 1)]
    assert found.attention[0].next_attempt_at > grant.issued_at + timedelta(seconds=60)


def test_failures_are_told_once_and_recovery_too(people, grant, work, connector, events):
    connector.faults[people.bob.label] = [Transient("Busy.") for _ in range(5)]
    for after in (1, 10, 30, 60, 100):
        work(after)
    assert events().count("grants.delivery.failing") == 1
    work(300)
    row = Delivery.objects.get(key=people.bob.label)
    assert (row.status, row.failures, row.last_error, row.attempts) == ("verified", 0, "", 6)


def test_retry_after_is_honoured(people, grant, work, connector, now):
    connector.faults[people.bob.label] = [Transient("Busy.", retry_after=120)]
    work()
    assert work(100) == 0
    assert work(125) == 1


def test_unforeseen_error_keeps_no_text_of_its_own(people, grant, work, connector):
    connector.faults[people.bob.label] = [RuntimeError("secret")]
    work()
    row = Delivery.objects.get(key=people.bob.label)
    assert row.last_error == "Purser met an error it does not know (RuntimeError)."
    assert row.calls.get().error_kind == "unexpected"


def test_target_that_does_not_answer_is_left_alone_for_the_rest_of_the_batch(people, now, connector, work):
    members = [make_person(f"p{n}") for n in range(9)]
    issued(people, [make_image("fraud/base")], now, members=members)
    for row in Delivery.objects.all():
        connector.faults[row.key] = [Transient("Down.")]
    assert work() == 10
    assert len(connector.calls) == 3


def test_target_nobody_set_up_is_a_visible_failure(people, grant, work, monkeypatch):
    from grants.delivery import targets

    monkeypatch.setattr(targets, "_factories", {})
    work()
    rows = Delivery.objects.all()
    assert {row.last_error for row in rows} == {"Nothing is set up to speak to the target main."}
    assert Attempt.objects.count() == 0


def test_applied_but_not_proven_is_looked_at_again(grant, work, connector, states):
    connector.proves = False
    work()
    assert set(states().values()) == {"applied"}
    connector.proves = True
    work(5)
    assert set(states().values()) == {"verified"}


def test_revoke_ends_only_after_every_line_is_proven(people, grant, work, connector, events, now):
    work()
    connector.faults[people.bob.label] = [NotYet("Tokens still run.", retry_after=50)]
    revoke(grant=grant, note="", by=BY, now=now)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"unwanted"}
    work()
    bob = Delivery.objects.get(key=people.bob.label)
    assert (bob.status, bob.failures, bob.denials, bob.last_error) == ("removed", 0, 1, "")
    assert Grant.objects.get().status == "revoking"
    assert (work(40), work(55)) == (0, 1)
    assert Grant.objects.get().status == "ended"
    assert events()[-2:] == ["grants.delivery.proven", "grants.grant.ended"]
    assert set(Delivery.objects.values_list("status", flat=True)) == {"proven"}


def test_waiting_is_an_outcome_of_its_own(people, grant, work, connector, now):
    connector.faults[people.bob.label] = [NotYet("Tokens still run.", retry_after=50)]
    revoke(grant=grant, note="", by=BY, now=now)
    work()
    assert Attempt.objects.filter(delivery__key=people.bob.label).get().outcome == "waiting"


def test_revoke_of_a_scheduled_grant_ends_without_a_call(people, image, now, connector):
    grant = issued(people, [image], now, starts=now + timedelta(days=1))
    assert Delivery.objects.count() == 0
    revoke(grant=grant, note="", by=BY, now=now)
    catch_up(now=now)
    assert (Grant.objects.get().status, connector.calls) == ("ended", [])


def test_expiry_before_anything_ever_worked_is_a_failure(people, grant, work, connector):
    for row in Delivery.objects.all():
        connector.faults[row.key] = [Permanent("No.")]
    work()
    advance(now=grant.ends)
    work(91 * 86400)
    assert Grant.objects.get().status == "failed"


def test_member_who_left_is_proven_gone_while_the_grant_lives_on(people, grant, work, states, now):
    work()
    remove_member(person=people.bob, by=BY, now=now)
    work()
    assert states() == {people.bob.label: "proven", people.alice.label: "verified", "fraud/base": "verified"}
    assert Grant.objects.get().status == "active"


def test_what_was_wanted_during_a_call_and_no_longer_is_does_not_become_verified(
    people, grant, work, connector, now
):
    def revoked_meanwhile(change):
        if change.action == "apply" and change.entry.key == people.alice.label:
            revoke(grant=Grant.objects.get(), note="", by=BY, now=now)

    connector.before_answer = revoked_meanwhile
    work()
    row = Delivery.objects.get(key=people.alice.label)
    assert (row.status, row.calls.get().outcome) == ("unwanted", "done")
    work()
    assert Grant.objects.get().status == "ended"


def test_unknown_outcome_is_read_back_before_anything_else(people, grant, work, connector):
    bob = people.bob.label
    connector.faults[bob] = [UnknownOutcome("No answer.")]
    work()
    connector.calls.clear()
    work(10)
    assert connector.calls == [("observe", bob)]
    row = Delivery.objects.get(key=bob)
    assert (row.status, [c.outcome for c in row.calls.all()]) == ("verified", ["unknown"])


def test_unknown_outcome_that_did_not_happen_is_done_again(people, grant, work, connector):
    bob = people.bob.label
    connector.faults[bob] = [UnknownOutcome("No answer.")]
    connector.observed = []
    work()
    work(10)
    assert [verb for verb, key in connector.calls if key == bob] == ["apply", "observe", "apply"]


def test_claims_of_two_workers_never_meet(grant, now):
    from grants.delivery.claims import claim

    later = now + timedelta(seconds=1)
    first, second = claim(now=later, limit=2), claim(now=later, limit=9)
    assert (len(first), len(second)) == (2, 1)
    assert {row.pk for row in first}.isdisjoint(row.pk for row in second)
    assert claim(now=later, limit=9) == []
    assert len(claim(now=later + timedelta(seconds=61), limit=9)) == 3


def test_worker_that_slept_through_its_lease_writes_nothing_but_its_own_call(grant, now, connector):
    from grants.delivery import outcomes
    from grants.delivery.claims import Step, claim, intend
    from grants.delivery.states import Action
    from grants.delivery.trials import entry_to_apply

    sleeper = claim(now=now + timedelta(seconds=1), limit=1)[0]
    step = Step(Action.APPLY, entry_to_apply(sleeper))
    attempt = intend(sleeper, step, now=now)
    claim(now=now + timedelta(seconds=90), limit=9)
    outcomes.succeeded(sleeper, attempt, step, proven=True, detail="Late.", now=now)
    assert Delivery.objects.get(pk=sleeper.pk).status == "wanted"
    assert Attempt.objects.get().outcome == "done"
    assert intend(sleeper, step, now=now) is None


def test_lost_signal_is_made_up_for(people, image, now, connector, work):
    grant = make_grant(members=[people.bob], images=[image], status="provisioning")
    assert catch_up(now=now) == 1
    work()
    Grant.objects.update(status="revoking", end_reason="revoked", revoking_since=now)
    assert (catch_up(now=now), catch_up(now=now)) == (1, 0)
    work()
    grant.refresh_from_db()
    assert grant.status == "ended"


def test_sweep_works_everything_and_is_cheap_when_idle(grant, connector, django_assert_num_queries):
    sweep()
    assert lanes.settle(10)
    assert Grant.objects.get().status == "active"
    with django_assert_num_queries(3):
        sweep()


def test_wake_survives_a_broker_that_is_down(grant, monkeypatch):
    def down(**_kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(sweep, "apply_async", down)
    wake()
    assert Delivery.objects.filter(status="wanted").count() == 3


def test_overdue_names_what_should_be_done_by_now(grant, now):
    assert overdue(now).count() == 0
    assert overdue(now + timedelta(minutes=3)).count() == 3
    Delivery.objects.update(status="removed")
    assert (overdue(now + timedelta(minutes=3)).count(), overdue(now + timedelta(minutes=11)).count()) == (
        0,
        3,
    )


@pytest.mark.parametrize("number", [1, 3])
def test_deliveries_of_grants_cost_one_query(
    people, image, now, connector, number, django_assert_num_queries
):
    grants = [issued(people, [image], now) for _ in range(number)]
    with django_assert_num_queries(1):
        found = deliveries_of(grants)
    assert {pk: len(rows) for pk, rows in found.items()} == {grant.pk: 3 for grant in grants}
    assert progress(grants[0], found[grants[0].pk]).people == 2


def test_ledger_names_person_and_image_of_a_line(people, grant, work, image):
    work()
    rows = Event.objects.filter(kind="grants.delivery.verified").values_list("person", "image", "subject")
    assert set(rows) == {
        (people.alice.label, "", grant.label),
        (people.bob.label, "", grant.label),
        ("", "main/fraud/base", grant.label),
    }


def test_higher_rooms_are_told_once_for_many_lines(people, grant, work):
    from grants.delivery.signals import delivery_changed

    heard = []

    def hear(grant_id, **_kwargs):
        heard.append(grant_id)

    delivery_changed.connect(hear)
    work()
    delivery_changed.disconnect(hear)
    assert heard == [grant.pk]
