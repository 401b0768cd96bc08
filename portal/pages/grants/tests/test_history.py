"""The history of a grant: what machines report folds, what people do stands alone."""

import pytest

from approvals.requests.testing import make_scene
from audit.ledger.actors import system
from audit.ledger.services import audited, record
from grants.directory.actors import actor_for
from grants.directory.testing import make_person
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def told(by, grant, *events):
    with audited(by=by):
        for kind, whom in events:
            record(kind, subject=grant.label, **whom)


def shown(scene, grant):
    answer = as_person(scene.people.alice).get(f"/grants/{grant.pk}/")
    return answer, [
        (entry.line.title, [whose for _at, whose in entry.parts]) for entry in answer.context["history"]
    ]


def test_reports_of_machines_fold_by_kind_between_the_acts_of_people(scene):
    people = [scene.people.bob, make_person("li", name="李娜")]
    grant = make_grant(project=scene.project, members=people, images=[scene.image])
    delivery, alice = system("delivery"), actor_for(scene.people.alice)
    seen, gone = "grants.delivery.verified", "grants.delivery.proven"
    one, two = ({"person": person.label} for person in people)
    told(delivery, grant, (seen, one), (gone, {"image": "main/fraud/base"}), (seen, two))
    told(alice, grant, ("grants.grant.returned", {}))
    told(delivery, grant, (gone, one))
    answer, history = shown(scene, grant)
    assert history == [
        ("Seen in place", ["Bob", "李娜"]),
        ("Proven gone", ["fraud/base"]),
        ("Access was given back", [""]),
        ("Proven gone", ["Bob"]),
    ]
    assert "<summary>Seen in place · 2 lines</summary>" in answer.text
    assert answer.text.count("<summary>Proven gone") == 0


def test_two_acts_of_a_person_are_two_rows(scene):
    grant = make_grant(project=scene.project, members=[scene.people.bob])
    extended = ("grants.grant.extended", {})
    told(actor_for(scene.people.root), grant, extended, extended)
    assert shown(scene, grant)[1] == [("Access was extended", [""])] * 2
