"""Planned use is priced where it is typed, checked and decided, and compared with what it became."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from approvals.requests.testing import approve_all, make_draft, make_request, make_scene
from audit.costs.models import Budget, DayTotal, GpuType, Outlook, Rate, RateRevision, UsageKey
from grants.lifecycle.models import Grant
from portal.accounts.testing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
ESTIMATE = "US$\xa0107.80"
FORMULA = "1 person × 7 hours a week × 10 weeks = 70 GPU hours × US$\xa01.54 (L40S)"


@pytest.fixture
def scene():
    found, now = make_scene(), timezone.now()
    today = timezone.localdate(now)
    GpuType.objects.create(key="l40s", label="L40S", aliases=[], colour=0)
    revision = RateRevision.objects.create(
        number=1, published_at=now, by="person:1", by_name="Root", reason="first"
    )
    Rate.objects.create(
        revision=revision, gpu_type="l40s", from_day=today - timedelta(days=400), price=Decimal("1.54")
    )
    Budget.objects.create(
        owner_kind="team", owner=found.people.team.key, starts=today - timedelta(days=5),
        ends=today + timedelta(days=25), amount=Decimal(100), thresholds=[80],
    )  # fmt: skip
    return found


def test_the_check_page_says_formula_estimate_and_what_the_budget_lacks(client, scene):
    draft = make_draft(scene, gpu_type="L40S", gpu_hours_per_week=7, days=70)
    sign_in(client, scene.people.alice)
    page = client.get(f"/requests/{draft.pk}/check/").content.decode()
    assert ESTIMATE in page
    assert FORMULA in page
    assert (
        "US$\xa0100.00 of US$\xa0100.00 is left; with the forecast and this it ends US$\xa07.80 short."
        in page
    )


def test_the_form_prices_what_is_typed_before_it_is_saved(client, scene):
    draft = make_draft(scene, days=30)
    sign_in(client, scene.people.alice)
    typed = {"gpu_type": "nvidia l40s", "gpu_hours_per_week": "7", "length": "70"}
    page = client.get(f"/requests/{draft.pk}/estimate/", typed).content.decode()
    assert FORMULA in page
    assert (
        client.get(f"/requests/{draft.pk}/estimate/", {**typed, "gpu_hours_per_week": "x"}).content.strip()
        == b""
    )


def test_an_approver_sees_estimate_budget_and_history_on_the_card(client, scene):
    request = make_request(scene, gpu_type="L40S", gpu_hours_per_week=7, days=70)
    sign_in(client, scene.people.mia)
    page = client.get(f"/approvals/{request.pk}/").content.decode()
    assert ESTIMATE in page
    assert "is left; with the forecast and this" in page
    assert "No earlier estimate of this team has turned out yet." in page


def test_a_member_sees_the_estimate_and_not_the_budget(client, scene):
    request = make_request(scene, gpu_type="L40S", gpu_hours_per_week=7, days=70)
    sign_in(client, scene.people.bob)
    page = client.get(f"/requests/{request.pk}/").content.decode()
    assert ESTIMATE in page
    assert "is left" not in page


def test_afterwards_actual_stands_beside_the_estimate(client, scene):
    request = make_request(scene, gpu_type="L40S", gpu_hours_per_week=7, days=70)
    approve_all(scene, request)
    grant = Grant.objects.get(origin=request.label)
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT costs_ensure_months(%s, %s)", [today, today])
    key = UsageKey.objects.create(
        hash="x", team=scene.people.team.key, project=scene.people.project.key, gpu_type="l40s", cluster="main",
        pricing_class="on_demand", matched_by="grant", request=request.label, grant=grant.label,
    )  # fmt: skip
    DayTotal.objects.create(day=today, key=key, team=key.team, held_ms=350_000_000, cost=Decimal("150.92"))
    sign_in(client, scene.people.alice)
    page = client.get(f"/requests/{request.pk}/").content.decode()
    assert "So far US$\xa0150.92 was used: 140 % of the estimate." in page
    assert "More than planned" in page


def test_a_type_without_price_says_so(client, scene):
    draft = make_draft(scene, gpu_type="B300", gpu_hours_per_week=7, days=70)
    sign_in(client, scene.people.alice)
    page = client.get(f"/requests/{draft.pk}/check/").content.decode()
    assert "There is no price for B300, so only hours are known." in page


def test_an_estimate_is_for_those_who_may_see_the_request(client, scene):
    draft = make_draft(scene, days=30)
    sign_in(client, scene.people.charlie)
    assert client.get(f"/requests/{draft.pk}/estimate/").status_code == 404


def test_the_card_with_money_on_it_is_read_with_few_queries(client, scene, django_assert_max_num_queries):
    request = make_request(scene, gpu_type="L40S", gpu_hours_per_week=7, days=70)
    Outlook.objects.create(
        budget=Budget.objects.get(), at=timezone.now(), complete_through=None, spent=Decimal(40)
    )
    sign_in(client, scene.people.mia)
    assert "US$\xa060.00 of US$\xa0100.00 is left" in client.get(f"/approvals/{request.pk}/").content.decode()
    with django_assert_max_num_queries(24):
        client.get(f"/approvals/{request.pk}/")
