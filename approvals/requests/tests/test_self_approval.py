"""Nobody decides for themselves: by whatever name, address, role, token or edit. The count of successes is 0."""

import pytest
from django.db import IntegrityError, transaction

from approvals.requests import services
from approvals.requests.errors import NotAllowed, NotSendable
from approvals.requests.models import Decision, Lane
from approvals.requests.selectors import (
    decidable_lanes,
    deciders_of,
    inbox_of,
    may_decide,
    refusal_for,
    staff_of,
)
from approvals.requests.testing import decide_as, make_draft, make_request
from approvals.requests.types import DraftChanges
from audit.ledger.actors import Actor
from grants.directory.actors import actor_for
from grants.directory.models import RoleAssignment
from grants.directory.standing import standing_of
from grants.directory.testing import make_person, make_team

WRITTEN = [
    "mira",
    "MIRA",
    "mira@example.com",
    "Mira@Example.COM",
    "  MIRA@EXAMPLE.COM ",
    "m.quist@example.com",
    "M.Quist@EXAMPLE.com",
    "Mira Quist <m.quist@example.com>",
    '"Quist, Mira" <M.QUIST@example.com>',
    "mira＠example.com",
    "ｍｉｒａ@example.com",
    "mi\u200bra@example.com",
    "mailto:mira@example.com",
    "E-1042",
    "e-1042",
    "Mira Quist",
    "mira QUIST",
]


@pytest.fixture
def mira(scene):
    """An approver with an alias, a number and a name; mia is there too, so that requests can be sent."""
    return make_person(
        "mira",
        name="Mira Quist",
        employee_number="E-1042",
        addresses=["m.quist@example.com"],
        roles=["approver:mlops"],
    )


def refused(act):
    with pytest.raises(NotAllowed) as caught:
        act()
    assert not Decision.objects.exists()
    return caught.value.code


@pytest.mark.parametrize("written", WRITTEN)
def test_a_member_by_any_name_cannot_decide(scene, mira, written):
    request = make_request(scene, people_lines=["bob", written])
    assert request.members.filter(person=mira, left_out=False).exists()
    assert refused(lambda: decide_as(mira, request, "mlops")) == "self_approval"
    assert refusal_for(request, standing_of(mira), "mlops").code == "self_approval"


@pytest.mark.parametrize("verdict", ["approve", "deny", "ask"])
def test_a_lead_who_is_an_approver_cannot_decide_their_own_request(scene, verdict):
    alice = scene.people.alice
    RoleAssignment.objects.create(person=alice, role="approver:mlops")
    request = make_request(scene)
    assert refused(lambda: decide_as(alice, request, "mlops", verdict)) == "self_approval"


def test_a_lead_who_wrote_part_of_the_draft_cannot_decide(scene, now):
    colin = make_person("colin", leads=[scene.people.team], roles=["approver:mlops"])
    draft = make_draft(scene)
    changes = DraftChanges(people_text="charlie")
    by_colin = {"by": actor_for(colin), "now": now}
    draft = services.update_draft(request=draft, changes=changes, revision=draft.revision, **by_colin)
    alice = actor_for(scene.people.alice)
    sent = services.submit(request=draft, revision=draft.revision, by=alice, now=now)
    assert refused(lambda: decide_as(colin, sent, "mlops")) == "self_approval"
    assert deciders_of([sent])[sent.pk]["mlops"] == [scene.people.mia]


def test_a_lead_who_only_sent_the_draft_cannot_decide(scene, now):
    colin = make_person("colin", leads=[scene.people.team], roles=["approver:mlops"])
    draft = make_draft(scene)
    sent = services.submit(request=draft, revision=draft.revision, by=actor_for(colin), now=now)
    assert refused(lambda: decide_as(colin, sent, "mlops")) == "self_approval"


def test_a_lead_of_the_team_who_had_no_part_in_it_cannot_decide(scene):
    colin = make_person("colin", leads=[scene.people.team], roles=["approver:mlops"])
    request = make_request(scene)
    assert refused(lambda: decide_as(colin, request, "mlops")) == "self_approval"
    assert deciders_of([request])[request.pk]["mlops"] == [scene.people.mia]
    assert decidable_lanes(request, standing_of(colin), staff_of([request], standing_of(colin))) == []
    assert [view for view in ("mine", "group") if request in inbox_of(standing_of(colin), view=view)] == [
        "group"
    ]
    row = next(row for row in request.results if row["rule"] == "separation")
    assert (row["code"], row["params"]["names"]) == ("approvers_excluded", colin.name)


def test_a_team_whose_leads_are_the_only_approvers_cannot_send(scene):
    RoleAssignment.objects.filter(person=scene.people.mia).delete()
    colin = make_person("colin", leads=[scene.people.team], roles=["approver:mlops"])
    with pytest.raises(NotSendable) as caught:
        make_request(scene)
    answers = {result.code: result.params["names"] for result in caught.value.evaluation.results[-2:]}
    assert answers == {"no_one_can_decide": "", "approvers_excluded": colin.name}


def test_a_lead_of_another_team_decides(scene):
    colin = make_person("colin", leads=[make_team("other")], roles=["approver:mlops"])
    assert decide_as(colin, make_request(scene), "mlops").status == "approved"


def test_a_person_added_after_sending_cannot_decide(scene, mira, now):
    sent = make_request(scene)
    assert refusal_for(sent, standing_of(mira), "mlops") is None
    changes = DraftChanges(people_text="bob\nm.quist@example.com")
    alice = actor_for(scene.people.alice)
    sent = services.edit(request=sent, changes=changes, revision=sent.revision, by=alice, now=now)
    assert refused(lambda: decide_as(mira, sent, "mlops")) == "self_approval"


@pytest.mark.parametrize(
    ("owner", "code"),
    [("alice", "self_approval"), ("bob", "self_approval"), ("charlie", "not_an_approver")],
)
def test_an_identity_lent_to_an_approver_does_not_decide(scene, owner, code):
    request = make_request(scene)
    by = actor_for(getattr(scene.people, owner))
    assert refused(lambda: decide_as(scene.people.mia, request, "mlops", by=by)) == code


@pytest.mark.parametrize("kind", ["robot", "system", "operator"])
def test_only_people_decide(scene, kind):
    request, mia = make_request(scene), scene.people.mia
    by = Actor(kind=kind, id=str(mia.pk), name="Mia's token")
    assert refused(lambda: decide_as(mia, request, "mlops", by=by)) == "not_an_approver"


def test_a_stale_instance_of_a_person_does_not_decide(scene):
    request, mia = make_request(scene), scene.people.mia
    RoleAssignment.objects.filter(person=mia).delete()
    assert refused(lambda: decide_as(mia, request, "mlops")) == "not_an_approver"


def test_a_member_who_was_left_out_of_the_list_is_no_member(scene, mira, now):
    draft = make_draft(scene, people_lines=["bob", "mira"])
    alice = {"by": actor_for(scene.people.alice), "now": now}
    draft = services.repair_line(request=draft, position=2, action="remove", **alice)
    sent = services.submit(request=draft, revision=draft.revision, **alice)
    assert decide_as(mira, sent, "mlops").status == "approved"


def test_one_person_does_not_decide_two_lanes(scene):
    olga = make_person("olga", roles=["approver:mlops", "approver:security"])
    request = make_request(scene, images=[scene.restricted])
    decide_as(olga, request, "mlops")
    with pytest.raises(NotAllowed) as caught:
        decide_as(olga, request, "security")
    assert caught.value.code == "already_decided_other_lane"
    assert may_decide(request, standing_of(olga)).code == "already_decided"
    assert deciders_of([request])[request.pk] == {"security": [scene.people.sam]}


def test_the_only_one_for_a_lane_does_not_use_themselves_up_in_another(scene):
    RoleAssignment.objects.filter(person=scene.people.mia).delete()
    olga = make_person("olga", roles=["approver:mlops", "approver:security"])
    request = make_request(scene, images=[scene.restricted])
    with pytest.raises(NotAllowed) as caught:
        decide_as(olga, request, "security")
    assert (caught.value.code, caught.value.detail) == ("needed_in_other_lane", {"lane": "mlops"})
    decide_as(olga, request, "mlops")
    assert decide_as(scene.people.sam, request, "security").status == "approved"


def test_the_database_refuses_a_decision_on_ones_own_request(scene, now):
    request = make_request(scene)
    lane, alice = Lane.objects.get(request=request), scene.people.alice
    with pytest.raises(IntegrityError, match="nobody_decides_for_themselves"), transaction.atomic():
        Decision.objects.create(
            lane=lane, person=alice, requester=alice, verdict="approve", revision=request.revision, at=now
        )
