from dataclasses import replace
from datetime import timedelta
from unittest.mock import Mock

import pytest

from grants.catalogue.models import Registry
from grants.catalogue.testing import make_image
from grants.connectors.errors import Permanent
from grants.delivery import targets
from grants.delivery.models import Delivery
from grants.delivery.outlook import Step, outlook
from grants.delivery.tests.keeping import ROOM, KeepingConnector, KeepingLayout
from grants.directory.testing import make_person
from grants.lifecycle.testing import make_grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept_registry(monkeypatch):
    monkeypatch.setattr(targets, "_factories", {"keeping": lambda registry: KeepingConnector()})
    monkeypatch.setattr(targets, "_layouts", {"keeping": lambda registry: KeepingLayout()})
    return Registry.objects.create(
        key="keeper", name="Keeper", kind="keeping", host="keeper.test", api_url="http://k.test", service="k"
    )


@pytest.fixture
def ask(people, now):
    def call(members, images, role="viewer"):
        ends = now + timedelta(days=90)
        return outlook(project=people.project, people=members, images=images, role=role, ends=ends)

    return call


def steps(one):
    return {(effect.kind, effect.key): effect.step for effect in one.effects}


def test_first_grant_adds_everything_and_writes_nothing(people, kept_registry, ask):
    image = make_image("team/a", registry=kept_registry)
    [one] = ask([people.alice, people.bob], [image])
    assert set(steps(one).values()) == {Step.ADD}
    assert one.count(Step.ADD, "member") == 2
    assert (one.target.key, one.problems, Delivery.objects.count()) == ("keeper", (), 0)


def test_what_is_there_already_is_told_from_what_comes(people, kept_registry, ask):
    a, b = (make_image(f"team/{name}", registry=kept_registry) for name in "ab")
    make_grant(project=people.project, members=[people.bob], images=[a])
    [one] = ask([people.bob, people.alice], [a, b])
    found = steps(one)
    assert found[("member", people.bob.label)] == Step.CHANGE
    assert found[("member", people.alice.label)] == Step.ADD
    assert (found[("image", "team/a")], found[("image", "team/b")]) == (Step.KEEP, Step.ADD)
    assert found[(ROOM, people.project.key)] == Step.KEEP
    bob = next(effect for effect in one.effects if effect.key == people.bob.label)
    assert (bob.comes, bob.goes) == ((("image", "team/b"),), ())


def test_registry_of_our_own_tokens_shows_actions_that_come(people, ask):
    image = make_image("fraud/base")
    make_grant(project=people.project, members=[people.bob], images=[image])
    [one] = ask([people.bob], [image], role="developer")
    bob = next(effect for effect in one.effects if effect.kind == "member")
    assert (bob.step, bob.comes) == (Step.CHANGE, (("push", "fraud/base"),))


def test_ended_grants_and_other_registries_do_not_count(people, kept_registry, ask):
    kept, other = make_image("team/a", registry=kept_registry), make_image("fraud/base")
    make_grant(project=people.project, members=[people.bob], images=[kept], status="ended")
    make_grant(project=people.project, members=[people.bob], images=[other])
    [one] = ask([people.bob], [kept])
    assert set(steps(one).values()) == {Step.ADD}


@pytest.mark.parametrize(("crowd", "number"), [(2, 1), (40, 6)])
def test_questions_do_not_grow_with_people_or_images(
    kept_registry, ask, django_assert_max_num_queries, crowd, number
):
    members = [make_person(f"p{n}") for n in range(crowd)]
    images = [make_image(f"team/{n}", registry=kept_registry) for n in range(number)]
    make_grant(members=members, images=images)
    with django_assert_max_num_queries(8):
        [one] = ask(members, images)
    assert len(one.effects) == crowd + number + 1


def test_what_is_only_about_the_look_is_no_change(people, kept_registry, ask, monkeypatch):
    class Decorated(KeepingLayout):
        def entry(self, place, holdings):
            plain = super().entry(place, holdings)
            return plain and replace(plain, attributes=(*plain.attributes, ("seen_mark", str(len(holdings)))))

    monkeypatch.setattr(targets, "_layouts", {"keeping": lambda registry: Decorated()})
    image = make_image("team/a", registry=kept_registry)
    make_grant(project=people.project, members=[people.bob], images=[image])
    [one] = ask([people.bob], [image])
    assert set(steps(one).values()) == {Step.KEEP}


def test_what_goes_beyond_the_request_is_said(people, kept_registry, ask, monkeypatch):
    monkeypatch.setattr(
        KeepingLayout, "warnings", lambda self, holding: [f"{len(holding.images)} more"], raising=False
    )
    [one] = ask([people.bob], [make_image("team/a", registry=kept_registry)])
    assert (one.problems, one.warnings) == ((), ("1 more",))


@pytest.mark.parametrize(
    "error", [Permanent("The option quota is not a mapping."), ValueError("no"), TypeError("no")]
)
def test_a_target_set_up_wrongly_is_named_and_hides_no_other(people, kept_registry, ask, monkeypatch, error):
    monkeypatch.setattr(targets, "_layouts", {"keeping": Mock(side_effect=error)})
    kept, other = make_image("team/a", registry=kept_registry), make_image("fraud/base")
    wrong, well = ask([people.bob], [kept, other])
    said = "The settings of Keeper cannot be read. An administrator has to mend them first."
    assert (wrong.target.key, wrong.effects, wrong.problems) == ("keeper", (), (said,))
    assert (len(well.effects), well.problems) == (2, ())
