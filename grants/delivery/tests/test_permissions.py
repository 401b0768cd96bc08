"""Who may have failing lines tried again: the whole matrix, by the rule and by the service that uses it."""

import pytest
from django.utils import timezone

from audit.ledger.actors import Actor, operator, system
from audit.ledger.models import Event
from grants.delivery.errors import NotAllowed
from grants.delivery.models import Delivery
from grants.delivery.permissions import may_retry
from grants.delivery.retrying import retry_now
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.standing import standing_of
from grants.directory.testing import Cast, cast, make_person, make_team
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant

pytestmark = pytest.mark.django_db
KEEPERS = {"alice", "root"}


@pytest.fixture
def people() -> Cast:
    return cast()


@pytest.fixture
def grant(people: Cast) -> Grant:
    made = make_grant(project=people.project, members=[people.bob])
    where = {"grant": made, "target": "main", "since": timezone.now(), "next_attempt_at": timezone.now()}
    Delivery.objects.filter(grant=made).delete()
    Delivery.objects.create(kind="member", key=people.bob.label, failures=2, **where)
    return made


def tried(grant: Grant, by: Actor) -> int | str:
    try:
        return retry_now(grant=grant, by=by, now=timezone.now())
    except NotAllowed as error:
        return error.code


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "mia", "sam", "ada", "root"])
def test_trying_again_is_for_the_leads_of_the_team_and_administrators(people, grant, name):
    person: Person = getattr(people, name)
    assert may_retry(grant, standing_of(person)) is (name in KEEPERS)
    assert tried(grant, actor_for(person)) == (1 if name in KEEPERS else "not_a_lead")
    assert Event.objects.filter(kind="grants.delivery.retried").count() == (name in KEEPERS)


def test_leads_of_other_teams_and_disabled_leads_are_refused(people, grant):
    other = make_person("erin", leads=[make_team("credit")])
    Person.objects.filter(pk=people.alice.pk).update(active=False, disabled_at=timezone.now())
    assert [tried(grant, actor_for(person)) for person in (other, people.alice)] == ["not_a_lead"] * 2
    assert not may_retry(grant, None)


def test_whoever_runs_purser_may_and_robots_may_not(people, grant):
    actors = [operator("root"), system("purser"), Actor("robot", str(people.alice.pk), "ci")]
    assert [tried(grant, by) for by in actors] == [1, 1, "not_a_lead"]
