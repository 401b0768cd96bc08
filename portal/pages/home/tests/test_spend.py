"""The line about GPU costs on the first page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grants.directory.standing import standing_of
from grants.directory.testing import cast
from portal.edges.cost_filters import Preset, preset_period
from portal.pages.costs.testing import make_budget, make_prices, make_use
from portal.pages.costs.wording import money, period_text
from portal.pages.home.spend import led_teams, spend_of
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


def test_a_lead_sees_the_months_cost_and_what_is_left_of_the_budget(people, django_assert_num_queries):
    now = timezone.now()
    month = preset_period(Preset.THIS_MONTH, timezone.localdate(now))
    make_prices(month.first)
    make_use(month.first, 1)
    viewer = standing_of(people.alice)
    without = spend_of(led_teams(viewer, now=now), now=now)
    assert without is not None
    assert (
        without.text == f"{period_text(month)}: your GPUs cost {money(33, 'USD')} so far; no budget is set."
    )
    make_budget("anti-fraud", month.first, "100")
    with django_assert_num_queries(1):
        found = spend_of(led_teams(viewer, now=now), now=now)
    assert found is not None
    assert f"{money(67, 'USD')} of the budget is left" in found.text
    assert 'id="my-spend"' in as_person(people.alice).get("/").content.decode()


def test_nobody_else_sees_the_line_and_no_lead_before_anything_is_spent(people):
    now = timezone.now()
    assert spend_of(led_teams(standing_of(people.alice), now=now), now=now) is None
    make_prices(timezone.localdate(now) - timedelta(days=9))
    make_use(timezone.localdate(now) - timedelta(days=1), 1)
    assert spend_of(led_teams(standing_of(people.bob), now=now), now=now) is None
    assert spend_of(led_teams(standing_of(people.ada), now=now), now=now) is None
