"""Who may make and end pull credentials: the whole matrix, by the rule and by the services that use it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from audit.ledger.actors import Actor, operator, system
from grants.directory.actors import actor_for
from grants.directory.models import Person, Project
from grants.directory.standing import standing_of
from grants.directory.testing import Cast, cast, make_person, make_team
from grants.tokens.errors import CredentialError
from grants.tokens.models import Credential
from grants.tokens.permissions import (
    ending_refusal,
    may_keep_robots,
    may_make_robot,
    personal_refusal,
    robot_refusal,
)
from grants.tokens.services import create_personal, create_robot, revoke_credential

pytestmark = pytest.mark.django_db
WHO = ["alice", "bob", "charlie", "mia", "sam", "ada", "root", "erin", "dana"]
"""erin leads another team; dana led this one and is disabled."""
KEEPERS = {"alice", "root"}
ALWAYS: list[Actor] = [operator("root"), system("purser")]


@pytest.fixture
def people() -> Cast:
    return cast()


def person(people: Cast, name: str) -> Person:
    if name == "erin":
        return make_person("erin", leads=[make_team("credit")])
    if name == "dana":
        dana = make_person("dana", leads=[people.team])
        Person.objects.filter(pk=dana.pk).update(active=False, disabled_at=timezone.now())
        return Person.objects.get(pk=dana.pk)
    found: Person = getattr(people, name)
    return found


def code_of(act: Callable[..., Any], **given: Any) -> str:
    """The code of the refusal, or nothing when it was done."""
    try:
        act(now=timezone.now(), **given)
    except CredentialError as error:
        return error.code
    return ""


def robot(people: Cast) -> Credential:
    made = {"project": people.project, "name": "ci", "days": 1, "by": operator("root")}
    return create_robot(**made, now=timezone.now())[0]


@pytest.mark.parametrize("name", WHO)
def test_robots_are_for_the_leads_of_the_team_and_administrators(people, name):
    acting = person(people, name)
    expected, standing = "" if name in KEEPERS else "not_a_lead", standing_of(acting)
    assert may_make_robot(people.project, standing) is (name in KEEPERS)
    assert may_keep_robots(people.project, standing) is (name in KEEPERS)
    made = {"project": people.project, "name": "jobs", "days": 1, "by": actor_for(acting)}
    assert code_of(create_robot, **made) == expected
    assert code_of(revoke_credential, credential=robot(people), by=actor_for(acting)) == expected
    assert Credential.objects.filter(name="jobs").count() == (name in KEEPERS)


@pytest.mark.parametrize("name", WHO)
def test_a_closed_project_gets_no_robot_and_its_robots_can_still_be_ended(people, name):
    acting, kept = person(people, name), robot(people)
    Project.objects.update(state="closed")
    closed = Project.objects.get()
    refused = robot_refusal(closed, standing_of(acting))
    expected = "project_closed" if name in KEEPERS else "not_a_lead"
    assert refused is not None
    assert (refused.code, refused.status) == (expected, 422 if name in KEEPERS else 403)
    made = {"project": closed, "name": "jobs", "days": 1, "by": actor_for(acting)}
    assert code_of(create_robot, **made) == expected
    ended = code_of(revoke_credential, credential=kept, by=actor_for(acting))
    assert ended == ("" if name in KEEPERS else "not_a_lead")


def test_a_project_that_was_closed_meanwhile_gets_no_robot(people):
    seen = Project.objects.get()
    Project.objects.update(state="closed")
    made = {"project": seen, "name": "jobs", "days": 1, "by": actor_for(people.alice)}
    assert code_of(create_robot, **made) == "project_closed"
    assert not Credential.objects.exists()


@pytest.mark.parametrize("name", WHO)
def test_a_pull_token_is_made_by_its_person_alone(people, name):
    acting = person(people, name)
    mine = personal_refusal(people.bob, standing_of(acting)) is None
    assert mine is (name == "bob")
    refused = code_of(create_personal, person=people.bob, hours=1, by=actor_for(acting))
    assert (refused, Credential.objects.count()) == (("", 1) if mine else ("not_yours", 0))


@pytest.mark.parametrize("name", WHO)
def test_a_pull_token_is_ended_by_its_person_and_administrators(people, name):
    acting, may = person(people, name), name in {"bob", "root"}
    held, _ = create_personal(person=people.bob, hours=1, by=actor_for(people.bob), now=timezone.now())
    assert (ending_refusal(held, standing_of(acting)) is None) is may
    refused = code_of(revoke_credential, credential=held, by=actor_for(acting))
    assert refused == ("" if may else "not_yours")
    assert Credential.objects.filter(revoked_at=None).count() == (not may)


def test_a_disabled_person_ends_nothing_even_of_their_own(people):
    held, _ = create_personal(person=people.bob, hours=1, by=actor_for(people.bob), now=timezone.now())
    Person.objects.filter(pk=people.bob.pk).update(active=False, disabled_at=timezone.now())
    assert code_of(revoke_credential, credential=held, by=actor_for(people.bob)) == "not_yours"


@pytest.mark.parametrize("by", ALWAYS, ids=lambda by: by.kind)
def test_whoever_runs_purser_makes_and_ends_robots(people, by):
    made = {"project": people.project, "name": "jobs", "days": 1, "by": by}
    assert code_of(create_robot, **made) == ""
    assert code_of(revoke_credential, credential=Credential.objects.get(), by=by) == ""


def test_an_operator_makes_a_persons_token_and_purser_itself_does_not(people):
    told = {
        by.kind: code_of(create_personal, person=people.bob, hours=1, by=by)
        for by in [*ALWAYS, Actor("robot", "7", "ci")]
    }
    assert told == {"operator": "", "system": "not_yours", "robot": "not_yours"}


def test_robots_neither_make_nor_end_anything(people):
    by = Actor("robot", str(people.alice.pk), "ci")
    made = {"project": people.project, "name": "jobs", "days": 1, "by": by}
    assert code_of(create_robot, **made) == "not_a_lead"
    assert code_of(revoke_credential, credential=robot(people), by=by) == "not_a_lead"
