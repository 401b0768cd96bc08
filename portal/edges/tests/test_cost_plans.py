"""Planned use in money: before the decision, handed down with it, and over with the grant."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from approvals.requests.testing import approve_all, make_draft, make_request, make_scene
from audit.costs.models import Budget, Commitment, GpuType, Rate, RateRevision
from grants.directory.actors import actor_for
from grants.lifecycle.models import Grant
from grants.lifecycle.services import give_back
from portal.edges.cost_plans import Use, plan_of, use_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def price(now):
    GpuType.objects.create(key="l40s", label="L40S", aliases=["nvidia-l40s-48gb"], colour=0)
    revision = RateRevision.objects.create(
        number=1, published_at=now, by="person:1", by_name="Root", reason="first"
    )
    Rate.objects.create(
        revision=revision,
        gpu_type="l40s",
        from_day=timezone.localdate(now) - timedelta(days=100),
        price=Decimal("1.54"),
    )


def test_the_formula_is_people_hours_weeks_and_rate(scene, price, now):
    use = Use(people=8, hours_per_week=10, days=84, gpu_type="NVIDIA L40S", first=timezone.localdate(now))
    found = plan_of(use, scene.people.team, now=now, money=True)
    assert (found.label, found.known) == ("L40S", True)
    assert (found.estimate.weeks, found.estimate.hours) == (Decimal("12.0"), Decimal("960.0"))
    assert found.estimate.amount == Decimal("1478.40")
    assert found.budget is None
    assert found.left_after is None


def test_what_would_be_left_of_the_budget_is_said(scene, price, now):
    today = timezone.localdate(now)
    Budget.objects.create(
        owner_kind="team", owner=scene.people.team.key, starts=today - timedelta(days=5),
        ends=today + timedelta(days=25), amount=Decimal(2000), thresholds=[80],
    )  # fmt: skip
    use = Use(people=1, hours_per_week=10, days=70, gpu_type="l40s", first=today)
    found = plan_of(use, scene.people.team, now=now, money=True)
    assert found.estimate.amount == Decimal("154.00")
    assert found.left_after == Decimal("1846.00")
    assert plan_of(use, scene.people.team, now=now, money=False).budget is None


def test_a_type_without_a_price_gives_hours_and_no_amount(scene, now):
    use = Use(people=2, hours_per_week=5, days=7, gpu_type="B300", first=timezone.localdate(now))
    found = plan_of(use, scene.people.team, now=now, money=False)
    assert (found.known, found.estimate.hours, found.estimate.amount) == (False, Decimal("10.0"), None)


def test_a_request_without_planned_use_has_no_plan(scene, now):
    assert use_of(make_draft(scene), people=3, now=now) is None
    draft = make_draft(scene, gpu_type="L40S", gpu_hours_per_week=4, days=14)
    assert use_of(draft, people=0, now=now) is None
    assert use_of(draft, people=3, now=now) == Use(3, 4, 14, "L40S", timezone.localdate(now))


def test_an_approval_hands_its_plan_down_and_the_end_takes_it_back(scene, price, now):
    request = make_request(scene, gpu_type="L40S", gpu_hours_per_week=7, days=70)
    assert not Commitment.objects.exists()
    approve_all(scene, request)
    planned = Commitment.objects.get()
    grant = Grant.objects.get(origin=request.label)
    assert (planned.origin, planned.grant, planned.team) == (
        request.label,
        grant.label,
        scene.people.team.key,
    )
    assert (planned.hours, planned.amount, planned.over) == (Decimal("70.000"), Decimal("107.80"), False)
    give_back(grant=grant, note="not needed", by=actor_for(scene.people.alice), now=timezone.now())
    planned.refresh_from_db()
    assert planned.over is True
