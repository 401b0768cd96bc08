"""`manage.py plan`: the target is read, and what is to be done is said in a form that stays the same."""

import json

import pytest
from django.core.management import CommandError, call_command

from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.connectors.base import Entry
from grants.connectors.errors import Transient
from grants.delivery.plan_steps import Do, Note, PlanStep, TargetPlan, as_document, as_text, step_of
from grants.delivery.planning import plan_of
from grants.delivery.services import plan_rows
from grants.directory.testing import make_project
from grants.lifecycle.testing import make_grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]


def test_what_was_granted_and_is_not_there_yet_is_added_by_the_queue(give, people, run, keeper):
    give("alice")
    assert run("plan", "keeper") == (2, (
        "keeper (keeping): 4 to add, 0 to change, 0 to remove\n"
        "  + image team/a  (delivery is on it)\n"
        '      + project = "anti-fraud-v2"\n'
        "  + image team/b  (delivery is on it)\n"
        '      + project = "anti-fraud-v2"\n'
        f"  + member {people.alice.label}  (delivery is on it)\n"
        '      + image = "team/a"\n'
        '      + image = "team/b"\n'
        "  + room anti-fraud-v2  (delivery is on it)\n"
        '      + gpus = "0"\n'
    ))  # fmt: skip
    assert keeper.calls == []


def test_nothing_to_do_is_said_with_code_0(give, keeper, clock, run):
    give("alice")
    clock.work()
    assert run("plan", "keeper") == (0, "keeper (keeping): nothing to do\n")


def test_changes_without_purser_show_with_both_sides(give, people, keeper, clock, run):
    give("alice", "bob")
    clock.work()
    keeper.put("member", people.alice.label, ("image", "team/a"), ("image", "team/x"))
    keeper.take("room", "anti-fraud-v2")
    keeper.put("image", "old", ("project", "gone"))
    keeper.others = [Entry("keeper", "member", "eve", (("image", "team/a"),))]
    code, said = run("plan", "keeper")
    assert (code, said.splitlines()) == (2, [
        "keeper (keeping): 1 to add, 1 to change, 1 to remove, 1 not Purser's",
        "  - image old",
        '      - project = "gone"',
        "  ? member eve",
        '        image = "team/a"',
        f"  ~ member {people.alice.label}",
        '      - image = "team/x"',
        '      + image = "team/b"',
        "  + room anti-fraud-v2",
        '      + gpus = "0"',
    ])  # fmt: skip


def test_what_is_foreign_alone_is_nothing_to_do(registry, keeper, run):
    keeper.others = [Entry("keeper", "member", "eve", ())]
    code, said = run("plan", "keeper")
    assert (code, said.splitlines()[0]) == (0, "keeper (keeping): nothing to do, 1 not Purser's")


def test_json_says_the_same(give, people, run):
    give("alice", at=(0,))
    code, said = run("plan", "keeper", json=True)
    [target] = json.loads(said)["targets"]
    assert (code, target["counts"], target["error"]) == (
        2, {"add": 3, "change": 0, "remove": 0, "foreign": 0}, "",
    )  # fmt: skip
    assert target["steps"][0] == {
        "do": "add", "kind": "image", "key": "team/a", "note": "queued", "comes": [["project", "anti-fraud-v2"]],
        "goes": [],
    }  # fmt: skip


def test_places_of_one_project_only(give, people, images, keeper, now, run):
    give("alice", at=(0,))
    other = make_project("vision", team=people.team)
    make_grant(project=other, members=[people.bob], images=[images[1]])
    code, said = run("plan", "keeper", project="vision")
    keys = [line.split()[2] for line in said.splitlines()[1:] if line.startswith("  + ")]
    assert (code, keys) == (2, ["team/b", people.bob.label, "vision"])


def test_target_that_does_not_answer_is_code_1_and_the_others_are_shown(keeper, registry, give, run):
    give("alice")
    keeper.answers = [Transient("It is down.")]
    code, said = run("plan")
    assert (code, said) == (1, "keeper (keeping): could not be asked: It is down.\n")


def test_where_nothing_is_kept_what_is_still_to_be_tried_is_shown(people, connector, run, work, now):
    grant = make_grant(project=people.project, members=[people.bob], images=[make_image("fraud/base")])
    plan_rows(grant_id=grant.pk, now=now)
    code, said = run("plan", "main")
    assert (code, said.splitlines()) == (2, [
        "main (distribution): 2 to add, 0 to change, 0 to remove",
        "  + image fraud/base  (delivery is on it)",
        f"  + member {people.bob.label}  (delivery is on it)",
    ])  # fmt: skip
    work()
    assert run("plan", "main") == (0, "main (distribution): nothing to do\n")


def test_unknown_names_are_refused(registry):
    with pytest.raises(CommandError, match="There is no target nowhere"):
        call_command("plan", "nowhere")
    with pytest.raises(CommandError, match="There is no project nobody"):
        call_command("plan", project="nobody")


def test_a_plan_writes_nothing(give, registry, keeper, clock, run):
    give("alice")
    clock.work()
    keeper.take("room", "anti-fraud-v2")
    before = Event.objects.count()
    run("plan")
    assert (Event.objects.count(), "room" in str(keeper.kept)) == (before, False)


def test_accepted_differences_are_shown_and_left(give, people, keeper, clock, registry):
    from grants.delivery.drift_decisions import decide_drift
    from grants.delivery.models import Drift
    from grants.delivery.tests.conftest import BY

    give("alice")
    clock.work()
    registry.options = {"drift": "report"}
    registry.save()
    keeper.put("member", people.alice.label, ("image", "team/a"))
    clock.scan()
    decide_drift(drift=Drift.objects.get(), decision="adopt", until=None, reason="Meant", by=BY, now=clock.at)
    plan = plan_of(registry, now=clock.at)
    assert [(step.do, step.note) for step in plan.steps] == [("change", "accepted")]
    assert (plan.changes, plan.count(Do.CHANGE)) == (False, 0)


def test_same_facts_are_no_step_whatever_the_look_says():
    wanted = Entry("t", "k", "x", (("a", "1"),))
    assert step_of(("k", "x"), wanted, Entry("t", "k", "x", (("a", "1"), ("seen_b", "2"))), Note.NONE) is None
    assert step_of(("k", "x"), None, None, Note.NONE) is None


def test_values_that_would_break_a_line_or_a_terminal_do_not():
    step = PlanStep(Do.ADD, "k", "a\nb", comes=(("x", "\x1b[31m\n"), ("y", "项目")))
    text = as_text(TargetPlan("t", "kind", (step,)))
    assert text.splitlines()[1:] == [
        '  + k "a\\nb"',
        '      + x = "\\u001b[31m\\n"',
        '      + y = "项目"',
    ]
    assert as_document(TargetPlan("t", "kind", error="No.")) == {
        "target": "t", "kind": "kind", "error": "No.", "steps": [],
        "counts": {"add": 0, "change": 0, "remove": 0, "foreign": 0},
    }  # fmt: skip
