"""Every status x every verb x every role: who may do what when, and with which code the others are refused."""

from datetime import timedelta

import pytest
from django.db import transaction

from approvals.requests import services
from approvals.requests.errors import RequestError
from approvals.requests.models import Request
from approvals.requests.testing import decide_as, make_draft, make_request
from approvals.requests.types import DraftChanges
from audit.ledger.actors import Actor
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.testing import make_person

STATUSES = ("draft", "pending", "asked", "approved", "denied", "withdrawn", "lapsed")
EDITORS = ("requester", "co_lead")
ROLES = (*EDITORS, "member", "stranger", "mlops", "security", "auditor", "administrator", "disabled", "robot")
OWNER_VERBS = ("update_draft", "submit", "edit", "withdraw", "nudge", "answer", "leave_out", "copy_members")
VERDICTS = ("approve", "deny", "ask")

# What an editor is told in each status: "ok" or the code of the refusal.
OWNERS = {
    "update_draft": dict.fromkeys(STATUSES, "wrong_status") | {"draft": "ok"},
    "leave_out": dict.fromkeys(STATUSES, "wrong_status") | {"draft": "ok"},
    "copy_members": dict.fromkeys(STATUSES, "wrong_status") | {"draft": "ok"},
    "submit": dict.fromkeys(STATUSES, "wrong_status") | {"draft": "ok"},
    "edit": dict.fromkeys(STATUSES, "wrong_status") | {"pending": "ok", "asked": "ok"},
    "nudge": dict.fromkeys(STATUSES, "wrong_status") | {"pending": "ok", "asked": "ok"},
    "answer": dict.fromkeys(STATUSES, "nothing_asked") | {"asked": "ok"},
    "withdraw": {
        "draft": "ok",
        "pending": "ok",
        "asked": "ok",
        "approved": "already_decided",
        "denied": "already_decided",
        "withdrawn": "already_closed",
        "lapsed": "already_closed",
    },
}
DECIDERS = {
    "draft": "wrong_status",
    "pending": "ok",
    "asked": "ok",
    "approved": "already_decided",
    "denied": "already_decided",
    "withdrawn": "already_closed",
    "lapsed": "already_closed",
}


def expected_of_owner_verb(verb, status, role):
    special = {"disabled": "not_active", "robot": "not_a_person"}
    return OWNERS[verb][status] if role in EDITORS else special.get(role, "not_an_editor")


def expected_of_verdict(status, role):
    special = dict.fromkeys((*EDITORS, "member"), "self_approval") | {"disabled": "not_active"}
    return DECIDERS[status] if role == "mlops" else special.get(role, "not_an_approver")


@pytest.fixture
def people(scene):
    cast = scene.people
    return {
        "requester": cast.alice,
        "co_lead": make_person("colin", leads=[cast.team]),
        "member": cast.bob,
        "stranger": cast.charlie,
        "mlops": cast.mia,
        "security": cast.sam,
        "auditor": cast.ada,
        "administrator": cast.root,
        "disabled": make_person("dora", leads=[cast.team], roles=["approver:mlops"], active=False),
        "robot": cast.mia,
    }


def in_status(scene, status, now):
    if status == "draft":
        return make_draft(scene)
    sent = make_request(scene, now=now - timedelta(days=20))
    if status == "asked":
        decide_as(scene.people.mia, sent, "mlops", "ask")
    elif status in ("approved", "denied"):
        decide_as(scene.people.mia, sent, "mlops", "approve" if status == "approved" else "deny")
    elif status == "withdrawn":
        services.withdraw(request=sent, by=actor_for(scene.people.alice), now=now)
    elif status == "lapsed":
        assert services.lapse_due(now=now) == 1
    return Request.objects.get(pk=sent.pk)


def actor(role, person):
    return Actor(kind="robot", id="7", name="builder") if role == "robot" else actor_for(person)


def call_owner_verb(verb, request, person, by, now):
    common = {"request": request, "by": by, "now": now}
    if verb in ("update_draft", "edit"):
        getattr(services, verb)(changes=DraftChanges(ticket="FRAUD-7"), revision=request.revision, **common)
    elif verb == "leave_out":
        services.leave_out_faulty(**common)
    elif verb == "copy_members":
        services.copy_members(source=request, **common)
    elif verb == "submit":
        services.submit(revision=request.revision, **common)
    elif verb == "answer":
        services.answer(text="It is needed", author=person, **common)
    else:
        getattr(services, verb)(**common)


def outcome(act):
    """What happens, undone again: "ok" or the code. A refusal leaves no event, anything else leaves one."""
    before, mark = Event.objects.count(), transaction.savepoint()
    try:
        act()
        code = "ok"
    except RequestError as error:
        code = error.code
    assert (Event.objects.count() > before) is (code == "ok")
    transaction.savepoint_rollback(mark)
    return code


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("verb", OWNER_VERBS)
def test_verbs_of_the_owners(scene, people, now, status, verb):
    request = in_status(scene, status, now)
    found = {
        role: outcome(lambda p=people[role], r=role: call_owner_verb(verb, request, p, actor(r, p), now))
        for role in ROLES
    }
    assert found == {role: expected_of_owner_verb(verb, status, role) for role in ROLES}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_verdicts(scene, people, now, status, verdict):
    request = in_status(scene, status, now)
    found = {
        role: outcome(
            lambda p=people[role], r=role: services.decide(
                request=request,
                lane="mlops",
                verdict=verdict,
                reason="Because",
                revision=request.revision,
                decider=p,
                by=actor(r, p),
                now=now,
            )
        )
        for role in ROLES
    }
    assert found == {role: expected_of_verdict(status, role) for role in ROLES}


LANE_CASES = [
    # lanes decided before, lane asked now, verdict, decider -> code
    ((), "mlops", "approve", "mia", "ok"),
    ((), "security", "approve", "sam", "ok"),
    ((), "mlops", "deny", "mia", "ok"),
    ((), "security", "ask", "sam", "ok"),
    ((), "security", "approve", "mia", "not_an_approver"),
    ((), "mlops", "approve", "sam", "not_an_approver"),
    ((), "budget", "approve", "mia", "not_an_approver"),
    (("mlops",), "mlops", "approve", "mia", "already_decided"),
    (("mlops",), "mlops", "deny", "mia", "already_decided"),
    (("mlops",), "mlops", "ask", "mia", "already_decided"),
    (("mlops",), "security", "approve", "sam", "ok"),
    (("mlops",), "security", "deny", "sam", "ok"),
    (("security",), "mlops", "ask", "mia", "ok"),
    (("security",), "security", "approve", "sam", "already_decided"),
    (("mlops", "security"), "mlops", "approve", "mia", "already_decided"),
    (("mlops", "security"), "security", "deny", "sam", "already_decided"),
]


@pytest.mark.parametrize(("before", "lane", "verdict", "who", "code"), LANE_CASES)
def test_decisions_by_lane(scene, before, lane, verdict, who, code):
    request = make_request(scene, images=[scene.restricted])
    for name in before:
        decide_as({"mlops": scene.people.mia, "security": scene.people.sam}[name], request, name)
    assert outcome(lambda: decide_as(getattr(scene.people, who), request, lane, verdict)) == code
