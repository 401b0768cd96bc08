"""A draft's people by script: added, copied, mended and left out, by the same services as the page."""

import pytest

from approvals.requests.models import Request
from approvals.requests.testing import make_draft, make_request
from audit.ledger.models import Event
from grants.directory.models import Identity
from grants.directory.testing import make_person, make_project, make_team
from portal.api.tests.conftest import problem


@pytest.fixture
def namesakes(scene):
    numbers = {"wei1": "10234", "wei2": "10235"}
    return [make_person(name, name="王磊", employee_number=number) for name, number in numbers.items()]


@pytest.fixture
def draft(scene, namesakes):
    return make_draft(scene, people_lines=["bob", "charlie@exmaple.com", "王磊"])


@pytest.fixture
def alice(as_):
    return as_("alice")


def lines(answer):
    assert answer.status_code == 200, answer.content
    return [(row["line"], row["state"], row["left_out"]) for row in answer.json()["people"]]


def test_a_draft_says_what_helps_to_mend_each_line(alice, draft, namesakes):
    people = alice.get(f"requests/{draft.pk}/").json()["people"]
    assert [row["suggestion"] for row in people] == ["", "charlie@example.com", ""]
    assert [row["candidates"] for row in people[:2]] == [[], []]
    assert [(one["id"], one["name"]) for one in people[2]["candidates"]] == [
        (person.pk, "王磊") for person in namesakes
    ]
    assert [one["hint"][-5:] for one in people[2]["candidates"]] == ["10234", "10235"]


def test_lines_are_mended_one_by_one(alice, draft, namesakes, scene):
    path = f"requests/{draft.pk}/people"
    used = alice.post(f"{path}/2/", {"action": "use", "value": "charlie@example.com"})
    assert lines(used) == [(1, "found", False), (2, "found", False), (3, "ambiguous", False)]
    chosen = alice.post(f"{path}/3/", {"action": "choose", "value": str(namesakes[1].pk)})
    assert chosen.json()["people"][2]["person"] == {"id": namesakes[1].pk, "name": "王磊"}
    removed = alice.post(f"{path}/1/", {"action": "remove", "revision": chosen.json()["revision"]})
    assert lines(removed)[0] == (1, "found", True)
    assert removed.json()["revision"] == draft.revision + 3
    assert removed.json()["members"] == ["charlie@example.com", "王磊"]
    assert Event.objects.filter(kind="approvals.request.edited", subject=draft.label).count() == 4


def test_a_repair_that_cannot_be_is_refused_and_changes_nothing(alice, draft):
    path = f"requests/{draft.pk}/people"
    told = {
        "line": problem(alice.post(f"{path}/9/", {"action": "remove"})),
        "person": problem(alice.post(f"{path}/3/", {"action": "choose", "value": "1"})),
        "empty": problem(alice.post(f"{path}/2/", {"action": "edit"})),
        "action": problem(alice.post(f"{path}/1/", {"action": "delete"})),
        "field": problem(alice.post(f"{path}/1/", {"action": "remove", "position": 2})),
        "stale": problem(alice.post(f"{path}/1/", {"action": "remove", "revision": draft.revision + 1})),
    }
    assert told == {
        "line": (404, "no_such_line"),
        "person": (422, "bad_repair"),
        "empty": (422, "bad_repair"),
        "action": (400, "bad_fields"),
        "field": (400, "bad_fields"),
        "stale": (409, "stale_revision"),
    }
    assert Request.objects.get(pk=draft.pk).revision == draft.revision


def test_every_faulty_line_is_left_out_at_once(alice, draft):
    answer = alice.post(f"requests/{draft.pk}/people/leave-out/", {"revision": draft.revision})
    assert lines(answer) == [(1, "found", False), (2, "not_found", True), (3, "ambiguous", True)]


def test_people_are_added_and_what_was_mended_stays(alice, draft):
    alice.post(f"requests/{draft.pk}/people/leave-out/")
    answer = alice.post(f"requests/{draft.pk}/people/", {"members": ["charlie", "BOB@example.com"]})
    assert lines(answer) == [
        (1, "found", False),
        (2, "not_found", True),
        (3, "ambiguous", True),
        (4, "found", False),
        (5, "repeated", True),
    ]
    assert problem(alice.post(f"requests/{draft.pk}/people/", {"members": []})) == (400, "bad_fields")


def test_a_list_that_becomes_too_long_is_refused_at_its_field(alice, draft):
    answer = alice.post(f"requests/{draft.pk}/people/", {"members": [f"p{n}" for n in range(498)]})
    assert problem(answer) == (422, "bad_fields")
    assert [fault["field"] for fault in answer.json()["errors"]] == ["members"]


def test_the_people_of_an_earlier_request_are_copied(alice, draft, scene):
    source = make_request(scene, members=[scene.people.charlie])
    answer = alice.post(f"requests/{draft.pk}/people/copy/", {"request": source.pk})
    assert lines(answer) == [(1, "found", False)]
    assert answer.json()["people"][0]["person"]["id"] == scene.people.charlie.pk


def test_people_of_a_request_one_may_not_see_cannot_be_copied(as_, alice, draft):
    other = make_team("credit")
    make_project("credit-v1", team=other)
    erin = as_(make_person("erin", leads=[other]))
    foreign = erin.post("requests/", {"project": "credit-v1", "members": ["bob"]}).json()["id"]
    answer = alice.post(f"requests/{draft.pk}/people/copy/", {"request": foreign})
    assert problem(answer) == (404, "not_found")
    assert problem(erin.post(f"requests/{draft.pk}/people/leave-out/")) == (404, "not_found")
    assert Request.objects.get(pk=draft.pk).revision == draft.revision


def test_the_people_of_a_sent_request_are_changed_as_a_whole_only(alice, scene):
    sent = make_request(scene)
    for path, given in (
        ("", {"members": ["charlie"]}),
        ("leave-out/", {}),
        ("copy/", {"request": sent.pk}),
        ("1/", {"action": "remove"}),
    ):
        assert problem(alice.post(f"requests/{sent.pk}/people/{path}", given)) == (409, "wrong_status")
    assert alice.get(f"requests/{sent.pk}/").json()["people"][0]["candidates"] == []


def test_a_sign_in_is_forgotten_by_administrators_only(as_, alice, scene):
    bob = scene.people.bob
    Identity.objects.create(person=bob, issuer="https://idp.test", subject="b-1")
    path = f"people/{bob.pk}/release/"
    assert problem(alice.post(path)) == (403, "not_an_administrator")
    assert as_("root").post(path).json()["id"] == bob.pk
    assert not Identity.objects.filter(person=bob).exists()
    assert Event.objects.filter(kind="grants.identity.released", person=bob.label).count() == 1
    assert problem(as_("root").post(path)) == (422, "no_identity")
