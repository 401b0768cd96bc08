"""Access that nobody uses is found by pulls and by held hours, within the window and not before it has passed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from audit.costs.models import Commitment, DayTotal, UsageKey
from audit.pulls.models import Pull
from grants.catalogue.testing import make_image
from grants.directory.models import Team
from grants.directory.testing import cast, make_project, make_team
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from portal.edges.cost_unused import unused_count, unused_grants, unused_people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def people():
    return cast()


def active_grant(people, now, *members, origin="request:1", days=50):
    since = now - timedelta(days=days)
    grant = Grant.objects.create(
        project=people.project, status="active", starts=since, ends=now + timedelta(days=9), origin=origin,
        issued_at=since, issued_by="Mia", changed_at=since, changed_by="Mia",
    )  # fmt: skip
    GrantMember.objects.bulk_create(GrantMember(grant=grant, person=one) for one in members)
    GrantImage.objects.create(grant=grant, image=make_image(f"ai/{origin.replace(':', '-')}"))
    return grant


def pull(grant, person, at):
    Pull.objects.create(
        event_id=f"{grant.pk}-{person.pk}-{at}", registry="main", at=at, received_at=at, action="pull", counted=True,
        repository="ai/x", person=person.label, project=grant.project.key, grant=grant.label,
    )  # fmt: skip


def hold(grant, person, day, ms=3_600_000):
    with connection.cursor() as cursor:
        cursor.execute("SELECT costs_ensure_months(%s, %s)", [day, day])
    key = UsageKey.objects.create(
        hash=f"{grant.pk}{person.pk}{day}", team=grant.project.team.key, project=grant.project.key,
        person=person.label, gpu_type="l40s", cluster="main", pricing_class="on_demand", grant=grant.label,
        matched_by="label",
    )  # fmt: skip
    DayTotal.objects.create(day=day, key=key, team=key.team, held_ms=ms)


def test_somebody_with_neither_pull_nor_hour_is_named(people, now):
    grant = active_grant(people, now, people.alice, people.bob, people.charlie)
    pull(grant, people.alice, now - timedelta(days=3))
    hold(grant, people.bob, timezone.localdate(now) - timedelta(days=5))
    found = unused_people(people.team.key, days=30, now=now)
    assert [(one.person, one.projects, one.grants) for one in found] == [
        (people.charlie, (people.project.key,), (grant.pk,))
    ]


def test_use_before_the_window_does_not_count(people, now):
    grant = active_grant(people, now, people.bob)
    pull(grant, people.bob, now - timedelta(days=31))
    hold(grant, people.bob, timezone.localdate(now) - timedelta(days=32))
    assert [one.person for one in unused_people(people.team.key, days=30, now=now)] == [people.bob]
    assert unused_people(people.team.key, days=60, now=now) == []


def test_nobody_is_blamed_before_the_window_has_passed(people, now):
    active_grant(people, now, people.bob, days=20)
    assert unused_people(people.team.key, days=30, now=now) == []
    assert unused_grants(people.team.key, days=30, now=now) == []


def test_a_grant_without_any_use_is_told_with_what_it_promises(people, now):
    quiet = active_grant(people, now, people.bob, people.alice, origin="request:7")
    loud = active_grant(people, now, people.bob, origin="request:8")
    busy = active_grant(people, now, people.bob, origin="request:9")
    pull(loud, people.bob, now - timedelta(days=2))
    hold(busy, people.bob, timezone.localdate(now))
    Commitment.objects.create(
        origin="request:7", team=people.team.key, project=people.project.key, gpu_type="l40s", hours=Decimal(100),
        amount=Decimal("154.00"), starts=timezone.localdate(now), ends=timezone.localdate(now) + timedelta(days=9),
    )  # fmt: skip
    found = unused_grants(people.team.key, days=30, now=now)
    assert [(one.grant, one.people, one.promised) for one in found] == [(quiet, 2, Decimal("154.00"))]


def test_finding_costs_the_same_for_many_as_for_one(people, now, django_assert_num_queries):
    hold(active_grant(people, now, people.bob), people.bob, timezone.localdate(now))
    active_grant(people, now, people.alice, origin="request:2")
    for again in range(2):
        with django_assert_num_queries(5):
            unused_people(people.team.key, days=30, now=now)
        with django_assert_num_queries(9):
            unused_grants(people.team.key, days=30, now=now)
        for number in range(3):
            active_grant(people, now, people.alice, people.charlie, origin=f"request:3{again}{number}")


def test_counting_agrees_with_listing_in_one_query(people, now, django_assert_num_queries):
    other = make_project("risk-v1", team=make_team("risk", name="Risk"))
    active_grant(people, now, people.bob)
    active_grant(people, now, people.bob, origin="request:3", days=29)
    pull(active_grant(people, now, people.bob, origin="request:2"), people.bob, now)
    hold(active_grant(people, now, people.bob, origin="request:4"), people.bob, timezone.localdate(now))
    for number in range(2):
        grant = active_grant(people, now, people.bob, origin=f"request:5{number}")
        grant.project = other
        grant.save()
    teams = [people.team.pk, other.team.pk, make_team("idle").pk]
    with django_assert_num_queries(1):
        rows = Team.objects.filter(pk__in=teams).annotate(unused=unused_count(days=30, now=now))
        found = dict(rows.values_list("key", "unused"))
    assert found == {people.team.key: 1, "risk": 2, "idle": 0}
    assert found == {key: len(unused_grants(key, days=30, now=now)) for key in found}
